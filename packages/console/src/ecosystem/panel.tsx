import { CloseButton } from '@mantine/core';
import type { GraphNode } from '@orrery/protocol';
import type { ReactNode } from 'react';
import { projectState } from '../ui/state.ts';
import { type Model, nameOf } from './model.ts';
import classes from './SidePanel.module.css';

export type Go = {
  select: (slug: string | undefined) => void;
  selectEdge: (id: string | undefined) => void;
  focus: (slug: string) => void;
};

export const stateOf = (node: GraphNode) =>
  projectState({ status: node.status, lastSeenAt: node.lastSeenAt === undefined ? '' : node.lastSeenAt });

export function Frame({
  title,
  label,
  onClose,
  children,
}: {
  title: ReactNode;
  label: string;
  onClose?: (() => void) | undefined;
  children: ReactNode;
}) {
  return (
    <aside className={classes.panel} aria-label={label} data-open={onClose ? '' : undefined} data-tour="panel">
      <div className={classes.head}>
        <h2 className={classes.title}>{title}</h2>
        {onClose && <CloseButton aria-label="Close the panel" onClick={onClose} />}
      </div>
      <div className={classes.body}>{children}</div>
    </aside>
  );
}

export const nameBySlug = (model: Model, slug: string) => {
  const node = model.nodes.get(slug);
  return node ? nameOf(node) : slug;
};
