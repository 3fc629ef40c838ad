import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../../src/ports/lock.ts';

const MODULE = join(import.meta.dirname, '../../../src/ports/lock.ts');
const HOLD = `import { lockFolder } from ${JSON.stringify(MODULE)}; lockFolder(process.argv[1]); process.stdout.write('held'); setInterval(() => {}, 1e6);`;
const node = (code: string, folder: string) => ['--import', 'tsx', '--input-type=module', '-e', code, folder];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidewatch-lock-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the lock of a state folder', () => {
  it('is held by one at a time, and free again when it is let go', () => {
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow('another tidewatch works with this state');
    unlock();
    lockFolder(folder)();
  });

  it('makes the folder where there is none, for its owner alone', () => {
    const path = join(folder, 'a', 'b');
    lockFolder(path)();
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, 'lock')).mode & 0o777).toBe(0o600);
  });

  it('is refused to another process, and is free once its holder was killed', async () => {
    const holder = spawn(process.execPath, node(HOLD, folder));
    await once(holder.stdout, 'data');
    expect(() => lockFolder(folder)).toThrow('another tidewatch');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    lockFolder(folder)();
  });
});
