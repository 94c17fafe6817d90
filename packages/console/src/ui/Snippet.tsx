import { ActionIcon } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useState } from 'react';
import { Segments } from './Segments.tsx';
import classes from './Snippet.module.css';

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <ActionIcon aria-label={copied ? 'Copied' : label} onClick={() => void copy().catch(() => {})}>
      {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
    </ActionIcon>
  );
}

/** Code to take away. */
export function Snippet({ code, label }: { code: string; label: string }) {
  return (
    <figure className={classes.snippet} aria-label={label}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard. */}
      <pre className={classes.code} tabIndex={0}>
        <code>{code}</code>
      </pre>
      <div className={classes.copy}>
        <CopyButton text={code} label={`Copy ${label}`} />
      </div>
    </figure>
  );
}

export type SnippetChoice = { name: string; code: string };

/** The same thing for several tools, one shown at a time. */
export function Snippets({ label, choices }: { label: string; choices: readonly SnippetChoice[] }) {
  const [chosen, setChosen] = useState(choices[0]?.name ?? '');
  const shown = choices.find((choice) => choice.name === chosen) ?? choices[0];
  if (!shown) return null;
  return (
    <div className={classes.snippets}>
      <div className={classes.choices}>
        <Segments
          label={label}
          value={shown.name}
          onChange={setChosen}
          options={choices.map(({ name }) => ({ value: name, label: name }))}
        />
      </div>
      <Snippet code={shown.code} label={`${label}: ${shown.name}`} />
    </div>
  );
}
