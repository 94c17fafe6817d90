import { Modal } from '@mantine/core';
import { KEYS } from '../ui/keys.ts';
import classes from './KeysHelp.module.css';
import { closeOverlay } from './overlays.ts';

export default function KeysHelp() {
  return (
    <Modal opened onClose={closeOverlay} title="Keys" size="md" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={classes.groups}>
        {KEYS.map(({ group, keys }) => (
          <section key={group}>
            <h3 className={classes.group}>{group}</h3>
            <dl className={classes.list}>
              {keys.map(([key, what]) => (
                <div key={key} className={classes.row}>
                  <dt>
                    <kbd className={classes.kbd}>{key}</kbd>
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
