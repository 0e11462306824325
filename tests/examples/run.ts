/**
 * Runs a program of examples/ as a user would, in a process of its own, on the default device of the tests.
 *
 * @module
 */
import { deviceArguments } from "../webgpu_run.ts";

const root = new URL("../../", import.meta.url);

/** A command that runs a program with the permissions it is given. */
export function command(permissions: readonly string[], program: string, ...args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    // Types are checked by the tests' own run.
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-check",
      ...deviceArguments(),
      ...permissions,
      `examples/${program}.ts`,
      ...args,
    ],
    cwd: root,
    env: { NO_COLOR: "1", TENON_DEVICE: "cpu" },
    stdout: "piped",
    stderr: "piped",
  });
}

/** What a program printed, and its exit code. */
export async function run(
  permissions: readonly string[],
  program: string,
  ...args: string[]
): Promise<{ code: number; text: string; errors: string }> {
  const { code, stdout, stderr } = await command(permissions, program, ...args).output();
  return { code, text: new TextDecoder().decode(stdout), errors: new TextDecoder().decode(stderr) };
}
