import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';

/** Switches between dark and light, whatever the choice came from. */
export function useThemeToggle(): () => void {
  const { setColorScheme } = useMantineColorScheme();
  const shown = useComputedColorScheme('dark');
  return () => setColorScheme(shown === 'dark' ? 'light' : 'dark');
}
