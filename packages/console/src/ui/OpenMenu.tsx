import { Menu } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { MenuProps } from './MenuButton.tsx';

/** The menu itself; it opens as soon as it is there. */
export default function OpenMenu({ target, title, choices }: MenuProps) {
  const [opened, setOpened] = useState(false);
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    // The button that was pressed has been replaced by this one.
    place.current?.querySelector<HTMLButtonElement>('button')?.focus();
    setOpened(true);
  }, []);
  return (
    <span ref={place} style={{ display: 'contents' }}>
      <Menu position="bottom-end" opened={opened} onChange={setOpened} returnFocus>
        <Menu.Target>{target}</Menu.Target>
        <Menu.Dropdown>
          {title !== undefined && <Menu.Label>{title}</Menu.Label>}
          {choices.map(({ name, icon, chosen, onClick }) => (
            <Menu.Item
              key={name}
              leftSection={icon}
              rightSection={
                chosen ? (
                  <span role="img" aria-label="chosen">
                    ✓
                  </span>
                ) : undefined
              }
              onClick={onClick}
            >
              {name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </span>
  );
}
