import { delimiter } from 'node:path';
import { Program, runProgram, type Start } from './program.ts';

/** What npm and vitest tell the programs that they start, which a person's shell does not have. */
const ofOurs =
  /^(npm_(lifecycle_|package_|command|execpath|node_execpath|config_local_prefix)|INIT_CWD|NODE|NODE_ENV|NODE_PATH|VITEST|TEST|VITE_|PALYRA_)/;

/** The environment of a person's shell, with ports that are free. */
function shellEnv(): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !ofOurs.test(entry[0]),
  );
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return {
    ...Object.fromEntries(inherited),
    PATH: path.join(delimiter),
    PALYRA_INGRESS: '127.0.0.1:0',
    PALYRA_ADMIN: '127.0.0.1:0',
    npm_config_prefer_offline: 'true',
  };
}

type At = Pick<Start, 'cwd' | 'args'> & { readonly command: string };

/** Starts a command as a person does in a shell, in a process group of its own. */
export function startInShell(at: At): Program {
  return new Program({ ...at, env: shellEnv(), ownGroup: true });
}

/** Runs a command as a person does in a shell. @throws Error with what it said when it fails. */
export async function runInShell(at: At): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { exit, ...said } = await runProgram({ ...at, env: shellEnv() });
  if (exit !== 0)
    throw new Error(`${at.command} ${at.args.join(' ')} failed with ${exit}:\n${said.stdout}${said.stderr}`);
  return said;
}
