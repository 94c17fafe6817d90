import type { Permission } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../queries.ts';

export function useMe() {
  return useQuery(meQuery).data;
}

/** Whether the signed-in person may do something. The hub decides again; this only spares a control that would be refused. */
export function useMay(): (permission: Permission) => boolean {
  const me = useMe();
  return (permission) => me?.permissions.includes(permission) ?? false;
}
