// Runs before the first paint, so that no room flashes in the other light.
try {
  const theme = JSON.parse(localStorage.getItem('hearth.preferences') || '{}').theme;
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Without a stored choice the device's own stands.
}
