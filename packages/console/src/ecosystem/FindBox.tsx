import { IconEyeOff, IconSearch } from '@tabler/icons-react';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import { completions } from './complete.ts';
import { parseExpression } from './expression.ts';
import classes from './FindBox.module.css';
import type { Model } from './model.ts';

type Props = {
  label: string;
  kind: 'find' | 'hide';
  model: Model;
  value: string;
  onChange: (text: string) => void;
  /** Enter in a complete text. */
  onEnter?: () => void;
  /** What came of it, beside the box. */
  note?: string | undefined;
};

/** A box for an expression: completes names and values, says at once what it cannot read. */
export function FindBox({ label, kind, model, value, onChange, onEnter, note }: Props) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  // A link or the back button brings another text.
  useEffect(() => setText((old) => (old.trim() === value.trim() ? old : value)), [value]);
  const list = useMemo(() => (open ? completions(text, model) : []), [open, text, model]);
  const parsed = useMemo(() => (text.trim() === '' ? undefined : parseExpression(text)), [text]);
  const wrong = parsed && !parsed.ok ? parsed : undefined;
  const put = (next: string) => {
    setText(next);
    setActive(-1);
    const read = next.trim() === '' || parseExpression(next).ok;
    if (read) onChange(next.trim());
  };
  const take = (whole: string) => {
    put(whole);
    setOpen(!/\s$/.test(whole) && whole.endsWith(':'));
    input.current?.focus();
  };
  const shown = open && list.length > 0;
  const Icon = kind === 'find' ? IconSearch : IconEyeOff;
  return (
    <div className={classes.box} data-kind={kind} data-tour={kind}>
      <Icon size={14} className={classes.icon} aria-hidden="true" />
      <input
        ref={input}
        className={classes.input}
        role="combobox"
        aria-label={label}
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown && active >= 0 ? `${id}-${active}` : undefined}
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong ? `${id}-wrong` : undefined}
        placeholder={kind === 'find' ? 'Find: name, risk > 0.5, tag:finance' : 'Hide: !traffic'}
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={(event) => {
          put(event.currentTarget.value);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault();
            setOpen(true);
            setActive((old) =>
              list.length === 0 ? -1 : (old + (event.key === 'ArrowDown' ? 1 : -1) + list.length) % list.length,
            );
          } else if (event.key === 'Enter' || (event.key === 'Tab' && shown && active >= 0)) {
            const chosen = shown ? list[active] : undefined;
            if (chosen) {
              event.preventDefault();
              take(chosen.whole);
            } else if (event.key === 'Enter' && !wrong) {
              setOpen(false);
              onEnter?.();
            }
          } else if (event.key === 'Escape') {
            event.stopPropagation();
            if (shown) setOpen(false);
            else if (text) put('');
            else input.current?.blur();
          }
        }}
      />
      {note && !wrong && <span className={classes.note}>{note}</span>}
      {wrong && (
        <span id={`${id}-wrong`} className={classes.wrong} role="status">
          {wrong.reason}
        </span>
      )}
      <div
        id={`${id}-list`}
        className={classes.list}
        role="listbox"
        aria-label={`${label}: suggestions`}
        hidden={!shown}
      >
        {list.map((item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the box above has the keyboard.
          // biome-ignore lint/a11y/useFocusableInteractive: an option is pointed at from the box, never focused itself.
          <div
            key={item.whole}
            id={`${id}-${index}`}
            className={classes.option}
            role="option"
            aria-selected={index === active}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(item.whole)}
          >
            <code>{item.text}</code>
            <span>{item.says}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
