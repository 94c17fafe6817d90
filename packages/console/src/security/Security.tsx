import { Page } from '../desk/Page.tsx';
import { Attacks } from './Attacks.tsx';
import { Posture } from './Posture.tsx';
import classes from './Security.module.css';

/** How each project stands in security, and what is tried on it. */
export default function Security() {
  return (
    <Page title="Security">
      <div className={classes.stack}>
        <Posture />
        <Attacks />
      </div>
    </Page>
  );
}
