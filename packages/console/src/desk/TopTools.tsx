import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import {
  IconLogout,
  IconMoon,
  IconPlayerPause,
  IconPlayerPlay,
  IconSearch,
  IconSun,
  IconUser,
} from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useMe } from '../access/me.ts';
import { signOut } from '../access/session.ts';
import { live, useLive } from '../events/index.ts';
import { Mark } from '../ui/Mark.tsx';
import { MenuButton } from '../ui/MenuButton.tsx';
import { useNow } from '../ui/now.ts';
import type { Tone } from '../ui/state.ts';
import type { ThemeChoice } from '../ui/theme.ts';
import { openPalette } from './overlays.ts';
import classes from './TopTools.module.css';

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The right end of the bar on top, the same on every page. */
export function TopTools({ children }: { children: ReactNode }) {
  return (
    <div className={classes.tools}>
      <button type="button" className={classes.search} onClick={openPalette} aria-keyshortcuts="Meta+K Control+K">
        <IconSearch size={15} aria-hidden="true" />
        <span className={classes.searchText}>Search or run an action</span>
        <span className={classes.kbd}>{isMac ? '⌘K' : 'Ctrl K'}</span>
      </button>
      {children !== undefined && <div className={classes.page}>{children}</div>}
      <LiveButton />
      <ThemeMenu />
      <UserMenu />
    </div>
  );
}

export function toggleLive(): void {
  if (live.get().phase === 'paused') live.resume();
  else live.pause();
}

function LiveButton() {
  const { phase, retryAt } = useLive();
  const now = useNow();
  const wait = Math.max(0, Math.ceil(((retryAt ?? now) - now) / 1000));
  const shown: Record<typeof phase, { tone: Tone; word: string }> = {
    live: { tone: 'ok', word: 'Live' },
    connecting: { tone: 'none', word: 'Connecting' },
    idle: { tone: 'none', word: 'Connecting' },
    retrying: { tone: 'warn', word: `Retry in ${wait} s` },
    paused: { tone: 'quiet', word: 'Paused' },
  };
  const { tone, word } = shown[phase];
  const paused = phase === 'paused';
  return (
    <button type="button" className={classes.live} onClick={toggleLive} title={paused ? 'Go on (p)' : 'Pause (p)'}>
      <Mark tone={tone} size={8} />
      <span className={classes.liveWord}>{word}</span>
      <span className="sr-only">{paused ? ': go on with live updates' : ': pause live updates'}</span>
      {paused ? <IconPlayerPlay size={13} aria-hidden="true" /> : <IconPlayerPause size={13} aria-hidden="true" />}
    </button>
  );
}

function ThemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const shown = useComputedColorScheme('dark');
  const choices: [ThemeChoice, string][] = [
    ['auto', 'As the system'],
    ['dark', 'Dark'],
    ['light', 'Light'],
  ];
  return (
    <MenuButton
      target={
        <ActionIcon aria-label="Theme" className={classes.theme ?? ''}>
          {shown === 'dark' ? <IconMoon size={16} /> : <IconSun size={16} />}
        </ActionIcon>
      }
      choices={choices.map(([choice, name]) => ({
        name,
        chosen: colorScheme === choice,
        onClick: () => setColorScheme(choice),
      }))}
    />
  );
}

function UserMenu() {
  const me = useMe();
  const navigate = useNavigate();
  if (!me) return null;
  const initials = me.name
    .split(/[\s@.]+/)
    .slice(0, 2)
    .map((part) => part[0]?.toUpperCase() ?? '')
    .join('');
  const leave = async () => {
    await signOut();
    await navigate({ to: '/admin/login' });
  };
  return (
    <MenuButton
      target={
        <button type="button" className={classes.user} aria-label={`${initials}, signed in as ${me.name}`}>
          {initials}
        </button>
      }
      title={
        <>
          {me.name}
          {me.email && <br />}
          {me.email} · {me.role}
        </>
      }
      choices={[
        { name: 'Your account', icon: <IconUser size={15} />, onClick: () => void navigate({ to: '/profile' }) },
        { name: 'Sign out', icon: <IconLogout size={15} />, onClick: () => void leave() },
      ]}
    />
  );
}
