/**
 * Files: the only place that calls Deno's file APIs. What the bytes mean is the formats' business.
 *
 * @module
 */
import { LoadError } from "../core/errors.ts";

/**
 * Reads a whole file.
 *
 * @throws {LoadError} when it is missing, is a directory, or may not be read; the message says which and what to do.
 */
export async function readFile(path: string | URL): Promise<Uint8Array> {
  checkPath("read", path);
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw explained(error, "read", path);
  }
}

/**
 * Writes a whole file or nothing: a reader, or a crash half-way, sees the old content or the new, never a part. A
 * symbolic link is followed, so that what it points at is replaced and not the link.
 *
 * @throws {LoadError} when the directory is missing, the disk is full, or the file may not be written.
 */
export async function writeFile(path: string | URL, bytes: Uint8Array): Promise<void> {
  checkPath("write", path);
  let temporary: string | undefined;
  try {
    const target = await Deno.realPath(path).catch(() => nameOf(path));
    // In the same directory, because a rename across file systems is a copy and not atomic.
    temporary = `${target}.${crypto.randomUUID()}.tmp`;
    using file = await Deno.open(temporary, { write: true, createNew: true });
    for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
    // Without this the rename may reach the disk before the bytes do, and a power cut leaves an empty file.
    await file.sync();
    await Deno.rename(temporary, target);
  } catch (error) {
    if (temporary !== undefined) await Deno.remove(temporary).catch(() => {});
    throw explained(error, "write", path);
  }
}

function checkPath(verb: "read" | "write", path: unknown): void {
  if (typeof path === "string" || path instanceof URL) return;
  throw new LoadError(`cannot ${verb} a file: its path must be a string or a URL, but got ${path}`);
}

function nameOf(path: string | URL): string {
  if (typeof path === "string") return path;
  const name = decodeURIComponent(path.pathname);
  // file:///C:/x is C:/x on Windows.
  return Deno.build.os === "windows" ? name.replace(/^\/(?=[A-Za-z]:)/, "") : name;
}

/** The failure as a LoadError that says what to do; Python's own sentence first. */
function explained(error: unknown, verb: "read" | "write", path: string | URL): LoadError {
  return new LoadError(reason(error, verb, nameOf(path)), { cause: error });
}

function reason(error: unknown, verb: "read" | "write", name: string): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `Permission denied: '${name}': Deno was not allowed to ${verb} it; run with --allow-read` +
      (verb === "write" ? " and --allow-write" : "");
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `Permission denied: '${name}': the operating system does not let this user ${verb} it`;
  }
  if (error instanceof Deno.errors.IsADirectory) return `Is a directory: '${name}'; give the name of a file`;
  if (error instanceof Deno.errors.NotFound) {
    return verb === "read"
      ? `No such file or directory: '${name}'; relative names start from the working directory`
      : `Parent directory of '${name}' does not exist; make it first`;
  }
  return `cannot ${verb} '${name}': ${error instanceof Error ? error.message : error}`;
}
