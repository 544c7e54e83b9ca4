// Runs before the first paint, so that a light room never flashes dark.
try {
  const theme = JSON.parse(localStorage.getItem('hearth.preferences') || '{}').theme;
  if (theme === 'light' || theme === 'system') document.documentElement.dataset.theme = theme;
} catch {
  // Without a stored choice the dark of index.html stands.
}
