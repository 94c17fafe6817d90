import { Button, Modal } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { FedProject } from '@orrery/protocol';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api } from '../api.ts';
import { queryClient } from '../queries.ts';
import { Note } from '../ui/Note.tsx';
import classes from './AddProject.module.css';

type Props = { project: Pick<FedProject, 'slug' | 'name'>; onClose: () => void };

/** Says what removing does before it does it. */
export function RemoveProject({ project, onClose }: Props) {
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => api.removeProject(project.slug),
    onSuccess: async () => {
      notifications.show({ title: `${project.name} was removed`, message: 'Its probes have stopped.' });
      // The page goes before its data: what is gone is not asked for again.
      await navigate({ to: '/projects' });
      onClose();
      await queryClient.invalidateQueries();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Remove ${project.name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={classes.stack}>
        <p>
          The hub stops probing <strong>{project.slug}</strong>, and its keys for pushing events end. The product itself
          is not touched. Samples and alerts that were already stored stay until their retention ends.
        </p>
        {remove.isError && <Note tone="bad">{remove.error.message}</Note>}
        <div className={classes.buttons}>
          <Button onClick={onClose}>Keep it</Button>
          <Button variant="danger" loading={remove.isPending} onClick={() => remove.mutate()}>
            Remove {project.name}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
