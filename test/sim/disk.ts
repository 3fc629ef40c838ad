/**
 * A disk in memory that forgets what was not synced, as a power cut would have it, and fails when told to.
 *
 * Of a file the content as last synced is sure, and every write and truncation since may be there, absent, or there in
 * some of its 512-byte sectors, in any combination; a file may have grown by zeros for what was not written. Of names
 * the changes whose folder was synced since are sure; of the others a part from the beginning may be there, or any of
 * them. That is more than the file systems in use allow themselves. Deterministic: all chance comes from outside.
 */
import { posix } from 'node:path';
import type { Disk, DiskFile } from '../../models/ports.ts';
import type { Random } from '../../models/random.ts';

const SECTOR = 512;

/** What a call comes to: an error, a part of the write, or the end of the process. */
export type Fault = 'EIO' | 'ENOSPC' | 'short' | 'kill';

/** The process is dead, and so is every call that it makes. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** A write at `at`, or where there are no bytes a truncation to it. */
interface Change {
  at: number;
  bytes?: Uint8Array;
  /** When it was made, counted over the whole disk. */
  made: number;
  /** Its sync failed. The system takes it for written, and no later sync will write it. */
  lost?: boolean;
}

class FileNode {
  /** What a sync has seen. */
  sure = new Content();
  content = new Content();
  changes: Change[] = [];
}

class FolderNode {
  sure = new Map<string, AnyNode>();
  names = new Map<string, AnyNode>();
}

type AnyNode = FileNode | FolderNode;

/** What happened to names, to the whole disk in one order: a node left a place, or came to one, or both at once. */
interface Renaming {
  node: AnyNode;
  from?: { folder: FolderNode; name: string };
  to?: { folder: FolderNode; name: string };
  made: number;
}

interface Planned {
  /** Calls that still come before it. */
  after: number;
  fault: Fault;
  part: number;
}

export class SimDisk implements Disk {
  /** Every call so far: its name and its path. */
  readonly calls: string[] = [];
  /** Bytes that all files together may have. */
  capacity = Infinity;

  readonly #root: FolderNode;
  #renamings: Renaming[] = [];
  #planned: Planned | undefined;
  #dead = false;
  #made = 0;

  constructor(root = new FolderNode()) {
    this.#root = root;
  }

  /**
   * Plans a fault, instead of the one planned before.
   * @param call  1: the next one
   * @param part  of a write that is made, of a folder that is removed, before the fault
   */
  failAt(call: number, fault: Fault, part = 0.5): void {
    this.#planned = { after: call - 1, fault, part };
  }

  /** Bytes in all files that have a name. */
  get used(): number {
    const sizeOf = (node: AnyNode): number =>
      node instanceof FileNode
        ? node.content.size
        : [...node.names.values()].reduce((sum, below) => sum + sizeOf(below), 0);
    return sizeOf(this.#root);
  }

  /** Every file, by its path. */
  files(): Map<string, Uint8Array> {
    const files = new Map<string, Uint8Array>();
    const gather = (folder: FolderNode, at: string): void => {
      for (const [name, node] of folder.names) {
        if (node instanceof FileNode) files.set(`${at}${name}`, node.content.copy());
        else gather(node, `${at}${name}/`);
      }
    };
    gather(this.#root, '');
    return files;
  }

  /** What the next process finds when this one is killed: everything. What was not synced is as unsure as before. */
  kill(): SimDisk {
    const twins = new Map<AnyNode, AnyNode>();
    const twinOf = (node: AnyNode): AnyNode => {
      const known = twins.get(node);
      if (known !== undefined) return known;
      const twin = node instanceof FileNode ? new FileNode() : new FolderNode();
      twins.set(node, twin);
      if (node instanceof FileNode && twin instanceof FileNode) {
        twin.sure = node.sure.twin();
        twin.content = node.content.twin();
        twin.changes = node.changes.map((change) => ({ ...change }));
      } else if (node instanceof FolderNode && twin instanceof FolderNode) {
        twin.sure = new Map([...node.sure].map(([name, below]) => [name, twinOf(below)]));
        twin.names = new Map([...node.names].map(([name, below]) => [name, twinOf(below)]));
      }
      return twin;
    };
    const placeOf = ({ folder, name }: { folder: FolderNode; name: string }) => ({
      folder: twinOf(folder) as FolderNode,
      name,
    });
    const next = new SimDisk(twinOf(this.#root) as FolderNode);
    next.#made = this.#made;
    next.#renamings = this.#renamings.map(({ node, from, to, made }) => ({
      node: twinOf(node),
      ...(from && { from: placeOf(from) }),
      ...(to && { to: placeOf(to) }),
      made,
    }));
    return next;
  }

  /** One of the states that a power cut may leave. All of it is on the platter, and sure. */
  cut(random: Random): SimDisk {
    const names = this.#namesAfterCut(random);
    const nodes = new Map<AnyNode, AnyNode>();
    const nodeAfter = (node: AnyNode): AnyNode => {
      const known = nodes.get(node);
      if (known !== undefined) return known;
      const after = node instanceof FileNode ? new FileNode() : new FolderNode();
      nodes.set(node, after);
      if (node instanceof FileNode && after instanceof FileNode) {
        after.sure = contentAfterCut(node, random);
        after.content = after.sure.twin();
      } else if (node instanceof FolderNode && after instanceof FolderNode) {
        after.sure = new Map([...(names.get(node) ?? node.sure)].map(([name, below]) => [name, nodeAfter(below)]));
        after.names = new Map(after.sure);
      }
      return after;
    };
    return new SimDisk(nodeAfter(this.#root) as FolderNode);
  }

  open(path: string, how: 'append' | 'create'): DiskFile {
    this.#call('open', path);
    const { folder, name } = this.#place(path);
    let file = folder.names.get(name);
    if (file instanceof FolderNode) throw failure('EISDIR', path);
    if (file === undefined) {
      file = new FileNode();
      this.#rename({ node: file, to: { folder, name } });
    } else if (how === 'create') this.#truncate(file, 0);
    return this.#handle(file, path);
  }

  read(path: string): Uint8Array | undefined {
    this.#call('read', path);
    const node = this.#find(path);
    if (node instanceof FolderNode) throw failure('EISDIR', path);
    return node?.content.copy();
  }

  list(path: string): string[] {
    this.#call('list', path);
    const node = this.#find(path);
    if (node instanceof FileNode) throw failure('ENOTDIR', path);
    return [...(node?.names.keys() ?? [])].sort();
  }

  makeFolder(path: string): void {
    this.#call('makeFolder', path);
    let folder = this.#root;
    for (const name of partsOf(path)) {
      let below = folder.names.get(name);
      if (below instanceof FileNode) throw failure('EEXIST', path);
      if (below === undefined) {
        below = new FolderNode();
        this.#rename({ node: below, to: { folder, name } });
      }
      folder = below;
    }
  }

  rename(from: string, to: string): void {
    this.#call('rename', from);
    const [source, target] = [this.#place(from), this.#place(to)];
    const node = source.folder.names.get(source.name);
    const replaced = target.folder.names.get(target.name);
    if (node === undefined) throw failure('ENOENT', from);
    if (node instanceof FileNode && replaced instanceof FolderNode) throw failure('EISDIR', to);
    if (node instanceof FolderNode && replaced instanceof FileNode) throw failure('ENOTDIR', to);
    if (replaced instanceof FolderNode && replaced.names.size > 0) throw failure('ENOTEMPTY', to);
    this.#rename({ node, from: source, to: target });
  }

  /** One name after another, the ones below first. */
  remove(path: string): void {
    this.#call('remove', path, (part) => this.#removeSome(path, part));
    this.#removeSome(path, 1);
  }

  #removeSome(path: string, part: number): void {
    const removals: Omit<Renaming, 'made'>[] = [];
    const gather = (node: AnyNode, folder: FolderNode, name: string): void => {
      if (node instanceof FolderNode) for (const [below, child] of node.names) gather(child, node, below);
      removals.push({ node, from: { folder, name } });
    };
    const node = this.#find(path);
    if (node === undefined) return;
    const { folder, name } = this.#place(path);
    gather(node, folder, name);
    for (const removal of removals.slice(0, Math.floor(part * removals.length))) this.#rename(removal);
  }

  async syncFolder(path: string): Promise<void> {
    this.#call('syncFolder', path);
    const folder = this.#find(path);
    if (!(folder instanceof FolderNode)) throw failure(folder === undefined ? 'ENOENT' : 'ENOTDIR', path);
    const covered = this.#made;
    await this.#later();
    this.#renamings = this.#renamings.filter((renaming) => {
      const { from, to, made } = renaming;
      if (made > covered || (from?.folder !== folder && to?.folder !== folder)) return true;
      apply(renaming, ({ sure }) => sure);
      return false;
    });
  }

  #handle(file: FileNode, path: string): DiskFile {
    let open = true;
    const call = (name: string, partly?: (part: number, fault: Fault) => void) => {
      if (!open) throw failure('EBADF', path);
      return this.#call(name, path, partly);
    };
    const write = (name: string, bytes: Uint8Array): number => {
      const append = (size: number) => this.#append(file, bytes.subarray(0, size), path);
      const short = call(name, (part) => append(Math.floor(part * bytes.length)));
      return append(short === undefined ? bytes.length : Math.floor(short * bytes.length));
    };
    const lose = (_: number, fault: Fault) => {
      if (fault !== 'kill') for (const change of file.changes) change.lost = true;
    };
    return {
      get size() {
        return file.content.size;
      },
      write: (bytes) => write('write', bytes),
      writeLater: async (bytes) => {
        const written = write('writeLater', bytes);
        await this.#later();
        return written;
      },
      truncate: (size) => {
        call('truncate');
        this.#truncate(file, size);
      },
      sync: async () => {
        call('sync', lose);
        const covered = this.#made;
        await this.#later();
        settle(file, covered);
      },
      syncNow: () => {
        call('syncNow', lose);
        settle(file, this.#made);
      },
      close: () => {
        call('close');
        open = false;
      },
    };
  }

  /**
   * Counts a call, and fails it where that was planned.
   * @param partly  what the call does before it fails
   * @returns the part of a write that is to be made; undefined: all of it
   */
  #call(name: string, path: string, partly?: (part: number, fault: Fault) => void): number | undefined {
    this.#assertAlive();
    this.calls.push(`${name} ${path}`);
    if (this.#planned === undefined || this.#planned.after-- > 0) return undefined;
    const { fault, part } = this.#planned;
    this.#planned = undefined;
    if (fault === 'short') return part;
    partly?.(part, fault);
    if (fault !== 'kill') throw failure(fault, path);
    this.#dead = true;
    throw new Killed(`killed at ${name} ${path}`);
  }

  /** Whoever waits may find that the process has died meanwhile. */
  async #later(): Promise<void> {
    await Promise.resolve();
    this.#assertAlive();
  }

  #assertAlive(): void {
    if (this.#dead) throw new Killed('killed before');
  }

  #append(file: FileNode, bytes: Uint8Array, path: string): number {
    const room = this.capacity === Infinity ? Infinity : Math.max(0, this.capacity - this.used);
    if (room === 0 && bytes.length > 0) throw failure('ENOSPC', path);
    const written = bytes.slice(0, Math.min(bytes.length, room));
    if (written.length === 0) return 0;
    file.changes.push({ at: file.content.size, bytes: written, made: ++this.#made });
    file.content.write(file.content.size, written);
    return written.length;
  }

  #truncate(file: FileNode, size: number): void {
    file.changes.push({ at: size, made: ++this.#made });
    file.content.resize(size);
  }

  #rename(renaming: Omit<Renaming, 'made'>): void {
    const made = { ...renaming, made: ++this.#made };
    apply(made, ({ names }) => names);
    this.#renamings.push(made);
  }

  /** The names of every folder in which something is unsure. */
  #namesAfterCut(random: Random): Map<FolderNode, Map<string, AnyNode>> {
    const after = new Map<FolderNode, Map<string, AnyNode>>();
    const namesOf = (folder: FolderNode) => {
      let names = after.get(folder);
      if (names === undefined) after.set(folder, (names = new Map(folder.sure)));
      return names;
    };
    const inOrder = random() < 0.5;
    const first = Math.floor(random() * (this.#renamings.length + 1));
    for (const [i, renaming] of this.#renamings.entries()) {
      if (inOrder ? i >= first : random() < 0.5) continue;
      // A folder does not go before what is in it.
      const { node, to } = renaming;
      if (node instanceof FolderNode && to === undefined && namesOf(node).size > 0) continue;
      apply(renaming, namesOf);
    }
    return after;
  }

  #find(path: string): AnyNode | undefined {
    let node: AnyNode | undefined = this.#root;
    for (const name of partsOf(path)) {
      if (node instanceof FileNode) throw failure('ENOTDIR', path);
      node = node?.names.get(name);
    }
    return node;
  }

  #place(path: string): { folder: FolderNode; name: string } {
    const folder = this.#find(posix.dirname(path));
    if (!(folder instanceof FolderNode)) throw failure(folder === undefined ? 'ENOENT' : 'ENOTDIR', path);
    return { folder, name: posix.basename(path) };
  }
}

/** Bytes that grow at the end without being copied each time. */
class Content {
  size = 0;
  #bytes = new Uint8Array(64);

  write(at: number, bytes: Uint8Array): void {
    this.resize(Math.max(this.size, at + bytes.length));
    this.#bytes.set(bytes, at);
  }

  /** What is new is zero. */
  resize(size: number): void {
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.size));
      this.#bytes = larger;
    } else if (size < this.size) this.#bytes.fill(0, size, this.size);
    this.size = size;
  }

  copy(): Uint8Array {
    return this.#bytes.slice(0, this.size);
  }

  twin(): Content {
    const twin = new Content();
    twin.write(0, this.#bytes.subarray(0, this.size));
    return twin;
  }
}

function apply({ node, from, to }: Renaming, namesOf: (folder: FolderNode) => Map<string, AnyNode>): void {
  if (from !== undefined && namesOf(from.folder).get(from.name) === node) namesOf(from.folder).delete(from.name);
  if (to !== undefined) namesOf(to.folder).set(to.name, node);
}

function change(content: Content, { at, bytes }: Change): void {
  if (bytes === undefined) content.resize(at);
  else content.write(at, bytes);
}

/** Makes sure what was there when the sync began; what an earlier one has lost is zeros, if anything. */
function settle(file: FileNode, covered: number): void {
  const settled = file.changes.filter(({ made }) => made <= covered);
  file.changes = file.changes.filter(({ made }) => made > covered);
  let size = file.sure.size;
  for (const one of settled) {
    size = one.bytes === undefined ? one.at : Math.max(size, one.at + one.bytes.length);
    if (one.lost !== true) change(file.sure, one);
  }
  file.sure.resize(size);
}

function contentAfterCut(file: FileNode, random: Random): Content {
  const after = file.sure.twin();
  if (file.changes.length === 0) return after;
  const often = random();
  for (const one of file.changes) {
    if (random() < often) change(after, one);
    else if (one.bytes !== undefined && random() < 0.5) writeTorn(after, one.at, one.bytes, random);
  }
  // The size may have been written, and what belongs there not.
  if (random() < 0.2) after.resize(Math.max(after.size, file.content.size));
  return after;
}

/** Writes some of the sectors. */
function writeTorn(content: Content, at: number, bytes: Uint8Array, random: Random): void {
  for (let from = 0; from < bytes.length;) {
    const end = Math.min(bytes.length, from + SECTOR - ((at + from) % SECTOR));
    if (random() < 0.5) content.write(at + from, bytes.subarray(from, end));
    from = end;
  }
}

function partsOf(path: string): string[] {
  return posix
    .normalize(path)
    .split('/')
    .filter((part) => part !== '.' && part !== '');
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
