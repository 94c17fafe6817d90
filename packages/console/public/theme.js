// Runs before the first paint, so that the page never flashes in the wrong theme. A file of its own: the policy forbids inline scripts.
(() => {
  let choice = 'auto';
  try {
    choice = localStorage.getItem('orrery-theme') ?? 'auto';
  } catch {
    // Storage may be forbidden; then the system decides.
  }
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
