import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import classes from './Tour.module.css';

const STEPS: readonly { at: string; title: string; text: string }[] = [
  {
    at: 'map',
    title: 'Every project, and who needs whom',
    text: 'A line leads from a project to what it needs; thicker is stronger, dashes tell the kind. Zoom out and cards become dots; drag a card, and it stays where you put it.',
  },
  {
    at: 'legend',
    title: 'Five ways to look at it',
    text: 'Risk, compliance, freshness, health or cost fill the arc of each project. Switching recolours; nothing moves. The border is always its state.',
  },
  {
    at: 'find',
    title: 'Ask for what you look for',
    text: 'A name, or an expression: risk > 0.5 tag:finance !traffic. Enter flies to the first, Enter again to the next. What you hide stays hidden in the link you share.',
  },
  {
    at: 'panel',
    title: 'Choose one',
    text: 'A click opens figures, risk factors, proof and actions. Double click to see its neighbourhood alone, and go on hop by hop; Esc leads back.',
  },
  {
    at: 'table',
    title: 'The same as rows',
    text: 'Everything on the map is a table too: sort it, export it, and show a row in the graph. Tab and Enter walk the map itself.',
  },
];

/** Five short stops round the page. */
export function Tour({ onEnd }: { onEnd: () => void }) {
  const [step, setStep] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const { at = '', title, text } = STEPS[step] ?? {};
  useEffect(() => {
    const marked = document.querySelector<HTMLElement>(`[data-tour="${at}"]`);
    marked?.setAttribute('data-toured', '');
    box.current?.focus();
    return () => marked?.removeAttribute('data-toured');
  }, [at]);
  const last = step === STEPS.length - 1;
  return (
    <div
      ref={box}
      className={classes.tour}
      role="dialog"
      aria-label="Tour of the map"
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onEnd();
      }}
    >
      <p className={classes.step}>
        {step + 1} of {STEPS.length}
      </p>
      <h2 className={classes.title}>{title}</h2>
      <p aria-live="polite">{text}</p>
      <div className={classes.buttons}>
        <Button variant="subtle" onClick={onEnd}>
          Skip
        </Button>
        {step > 0 && <Button onClick={() => setStep(step - 1)}>Back</Button>}
        <Button variant="filled" onClick={() => (last ? onEnd() : setStep(step + 1))}>
          {last ? 'Done' : 'Next'}
        </Button>
      </div>
    </div>
  );
}
