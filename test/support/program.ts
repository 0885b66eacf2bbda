import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './daemon.ts';
import { closeLater } from './egress.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const script = fileURLToPath(new URL('../../bin/palyra.mjs', import.meta.url));

/** Makes Node say that it is Node 20, on which the program starts the Node 24 that npm has installed. */
export const asNode20 = [
  '--import',
  `data:text/javascript,${encodeURIComponent(
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } });",
  )}`,
];

export interface Start {
  readonly command?: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** In a process group of its own, as a shell starts it. */
  readonly ownGroup?: boolean;
  readonly stdio?: StdioOptions;
}

/** A program that runs, with all that it has written. `closeAll` ends it, and the group it has for its own. */
export class Program {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #ended: Promise<unknown>;

  constructor({ command = process.execPath, args, env = {}, cwd, ownGroup = false, stdio }: Start) {
    this.child = spawn(command, args, {
      cwd,
      detached: ownGroup,
      stdio: stdio ?? ['ignore', 'pipe', 'pipe'],
      env: { PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`, HOME: process.env.HOME, ...env },
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#ended = once(this.child, 'close');
    closeLater(async () => {
      if (ownGroup) killGroup(this.child);
      this.child.kill('SIGKILL');
      await this.#ended;
    });
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves when the text stands on standard output. @throws Error when the program ends before. */
  async says(text: string | RegExp): Promise<void> {
    await until(() => {
      if (this.stdout.search(text) >= 0) return true;
      if (!this.isRunning)
        throw new Error(`It ended without saying ${String(text)}:\n${this.stdout}${this.stderr}`);
      return undefined;
    });
  }

  /** The exit code, or the signal, when it has ended and written everything. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    await this.#ended;
    return this.child.exitCode ?? this.child.signalCode;
  }

  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    this.child.kill(signal);
    return this.ended();
  }

  /** As a terminal does it with Ctrl-C: every process of the group gets the signal. */
  killGroup(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    process.kill(-(this.child.pid ?? 0), signal);
    return this.ended();
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
}

export const freePorts = ['--ingress', '127.0.0.1:0', '--admin', '127.0.0.1:0'] as const;

/** `palyra up`, on free ports; resolves when it says that it is up. */
export async function startUp(stateDir: string, ...rest: readonly string[]): Promise<Program> {
  const program = new Program({ args: [script, 'up', '--state-dir', stateDir, ...freePorts, ...rest] });
  await program.says('is up.');
  return program;
}

/** Runs a command of the program to its end. */
export async function runProgram(start: Start): Promise<{
  readonly exit: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}> {
  const program = new Program(start);
  const exit = await program.ended();
  return { exit, stdout: program.stdout, stderr: program.stderr };
}
