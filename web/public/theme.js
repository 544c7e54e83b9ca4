// Runs before the first paint, so that no room flashes in the other light.
try {
  const theme = JSON.parse(localStorage.getItem('hearth.preferences') || '{}').theme;
  if (theme === 'light' || theme === 'dark') {
    document.documentElement.dataset.theme = theme;
    const frame = theme === 'dark' ? '#14100e' : '#f8f3ed';
    for (const meta of document.querySelectorAll('meta[name="theme-color"]')) meta.content = frame;
  }
} catch {
  // Without a stored choice the device's own stands.
}
