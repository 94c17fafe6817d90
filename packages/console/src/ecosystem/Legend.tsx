import { Mark } from '../ui/Mark.tsx';
import classes from './Legend.module.css';
import { OVERLAY, OVERLAYS, type Overlay } from './overlays.ts';

const KINDS = ['api', 'queue', 'shared-schema', 'secret'] as const;

/** What colours and lines mean, always in sight; the overlay is switched right where it is explained. */
export function Legend({ overlay, onOverlay }: { overlay: Overlay; onOverlay: (overlay: Overlay) => void }) {
  const rule = OVERLAY[overlay];
  return (
    <section className={classes.legend} aria-label="Legend" data-tour="legend">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot lie in a row in every browser. */}
      <div className={classes.switch} role="group" aria-label="Overlay">
        {OVERLAYS.map((each) => (
          <button
            key={each}
            type="button"
            className={classes.overlay}
            aria-pressed={each === overlay}
            onClick={() => onOverlay(each)}
          >
            {OVERLAY[each].name}
          </button>
        ))}
      </div>
      <p className={classes.says}>{rule.says}</p>
      <ul className={classes.steps} aria-label={`Steps of ${rule.name}`}>
        {rule.steps.map(({ tone, word }) => (
          <li key={tone}>
            <span className={classes.dot} data-tone={tone} /> {word}
          </li>
        ))}
        <li>
          <span className={classes.dot} data-tone="none" /> not known
        </li>
      </ul>
      <ul className={classes.lines} aria-label="Borders and lines">
        <li>
          <Mark tone="bad" size={8} /> border: state
        </li>
        {KINDS.map((kind) => (
          <li key={kind} className={classes.kind}>
            <svg width="26" height="6" aria-hidden="true" data-kind={kind}>
              <path d="M0 3H26" />
            </svg>
            {kind}
          </li>
        ))}
        <li className={classes.kind}>thicker: stronger</li>
      </ul>
    </section>
  );
}
