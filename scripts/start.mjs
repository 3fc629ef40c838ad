/**
 * Starts the built program on a Node that can run it. Written for old Nodes to read, because telling them apart is its
 * job: npm puts the Node that this package pins first in the path, unless install scripts are blocked.
 */
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 22)) {
  process.stderr.write(
    `tidewatch needs Node 22.22 or newer and runs on ${process.version}: allow the install script of the package "node" (npm rebuild node), or install a newer Node\n`,
  );
  process.exit(1);
}
if (process.env['npm_lifecycle_event'] !== undefined) {
  // Told to end, npm ends its shell and not what runs in it: being left behind is the only word that comes through.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
  // Whoever is told directly needs no second word, which would end it at once.
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => clearInterval(watch));
}
await import('../dist/src/main.js');
