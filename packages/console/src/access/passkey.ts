import { api } from '../api.ts';

/** Whether this browser can do it at all: over plain HTTP only at localhost, and never at an IP address. */
export const canPasskey = (): boolean =>
  typeof PublicKeyCredential === 'function' && typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function';

const made = (credential: Credential | null): Record<string, unknown> => {
  if (!(credential instanceof PublicKeyCredential)) throw new Error('The browser made no passkey.');
  return credential.toJSON() as unknown as Record<string, unknown>;
};

/** Signs in by a passkey of this device. */
export async function signInByPasskey(): Promise<void> {
  const options = await api.passkeyChallenge();
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  await api.passkeySignIn(made(await navigator.credentials.get({ publicKey })));
}

/** Makes a passkey on this device and hands its public half to the hub. */
export async function addPasskey(name: string): Promise<void> {
  const options = await api.newPasskeyChallenge();
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  await api.addPasskey(name, made(await navigator.credentials.create({ publicKey })));
}
