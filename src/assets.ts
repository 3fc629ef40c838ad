/**
 * The files of the dashboard, read once: what is served is what was there at the start, and no request names a path on
 * the disk.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';

export interface Asset {
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
  /** Its name changes with its content. */
  immutable: boolean;
}

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.json', 'application/json'],
  ['.woff2', 'font/woff2'],
]);

/** By URL path; `/` is the page. Empty where the dashboard has not been built. */
export async function loadAssets(folder: string): Promise<Map<string, Asset>> {
  const assets = new Map<string, Asset>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const type = TYPES.get(extname(entry.name));
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const url = `/${relative(folder, path).split(sep).join('/')}`;
    const asset = { bytes: new Uint8Array(await readFile(path)), type, immutable: url.startsWith('/assets/') };
    assets.set(url, asset);
    if (url === '/index.html') assets.set('/', asset);
  }
  return assets;
}
