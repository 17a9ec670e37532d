// Runs before the first paint, so that a page set to dark never flashes light.
try {
  document.documentElement.dataset.theme = localStorage.getItem('theme') || 'auto';
} catch {
  document.documentElement.dataset.theme = 'auto';
}
