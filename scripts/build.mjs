/**
 * Builds dist: the programs by the compiler, the dashboard by Vite. With --stale, only what is missing or older than
 * its sources. Plain JavaScript, because it runs before anything is built.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const staleOnly = process.argv.includes('--stale');

// A published package comes built and without its workbench.
if (!existsSync(join(root, 'node_modules/typescript'))) process.exit(0);

/** Time of the newest file below some paths, 0 where there is none. */
function newest(paths, skip = []) {
  let time = 0;
  for (const path of paths) {
    const full = join(root, path);
    if (!existsSync(full) || skip.includes(path)) continue;
    const stat = statSync(full);
    if (stat.isDirectory())
      time = Math.max(
        time,
        newest(
          readdirSync(full).map((name) => join(path, name)),
          skip,
        ),
      );
    else time = Math.max(time, stat.mtimeMs);
  }
  return time;
}

function isStale(output, sources, skip) {
  const file = join(root, output);
  return !existsSync(file) || statSync(file).mtimeMs < newest(sources, skip);
}

function run(command, ...args) {
  const { status } = spawnSync(process.execPath, [join(root, command), ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const workbench = ['package-lock.json', 'tsconfig.base.json', 'tsconfig.json', 'vite.config.ts'];
if (!staleOnly || isStale('dist/.built', ['models', 'sensors', 'pipelines', 'src', ...workbench], ['src/dashboard'])) {
  run('node_modules/typescript/bin/tsc', '-b', 'src');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(join(root, 'dist/.built'), '');
}
if (!staleOnly || isStale('dist/dashboard/index.html', ['src/dashboard', 'src/protocol.ts', ...workbench])) {
  run('node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn');
}
