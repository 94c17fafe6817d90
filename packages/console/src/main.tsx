import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './ui/mantine.ts';
import './ui/tokens.css';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { live } from './events/index.ts';
import { pauseWhen, queryClient } from './queries.ts';
import { router } from './router.tsx';
import { theme, themeMemory } from './ui/theme.ts';

// The policy admits styles made at run time only with this answer's nonce. The second line is where react-remove-scroll looks for it.
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
Object.assign(globalThis, { __webpack_nonce__: nonce });

// A tab that outlived an upgrade asks for parts that are gone; one reload brings it to the new version.
window.addEventListener('vite:preloadError', () => {
  const before = Number(sessionStorage.getItem('orrery-reloaded') ?? 0);
  if (Date.now() - before < 60_000) return;
  sessionStorage.setItem('orrery-reloaded', String(Date.now()));
  location.reload();
});

pauseWhen(() => live.get().phase === 'paused');

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        colorSchemeManager={themeMemory()}
        getStyleNonce={() => nonce}
      >
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
