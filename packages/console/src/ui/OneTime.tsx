import { TextInput } from '@mantine/core';
import { CopyButton } from './Snippet.tsx';

/** A secret that is shown this once. */
export function OneTime({ label, value }: { label: string; value: string }) {
  return (
    <TextInput
      label={label}
      value={value}
      readOnly
      size="sm"
      styles={{ input: { fontFamily: 'var(--mono)' } }}
      onFocus={(event) => event.currentTarget.select()}
      rightSection={<CopyButton text={value} label={`Copy: ${label}`} />}
    />
  );
}
