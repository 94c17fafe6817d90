import type { FedProject } from '@orrery/protocol';
import { IconLock } from '@tabler/icons-react';
import classes from './DeclaredIn.module.css';

/** A lock and the place for what a file declares; plain words for the rest. */
export function DeclaredIn({ project }: { project: Pick<FedProject, 'declaredIn'> }) {
  const { source, ref } = project.declaredIn;
  if (source === 'file')
    return (
      <span className={classes.lock}>
        <IconLock size={13} aria-hidden="true" /> {ref ?? 'orrery.yaml'}
      </span>
    );
  return <span>{source === 'api' ? `added here${ref ? `, ${ref}` : ''}` : 'discovered'}</span>;
}
