import { describe, expect, it } from 'vitest';
import { parseCommandLine, USAGE } from '../../src/cli.ts';

const parse = (line: string) => parseCommandLine(line.split(' ').filter((word) => word !== ''));

function refusal(line: string): string {
  try {
    parse(line);
  } catch (error) {
    expect(error).toMatchObject({ code: 'USAGE' });
    return (error as Error).message;
  }
  throw new Error(`expected ${JSON.stringify(line)} to be refused`);
}

describe('the command line', () => {
  it.each(['run', 'demo', 'check', 'version', 'help'])('knows %s', (command) => {
    expect(parse(command)).toEqual({ command, positionals: [], options: {} });
  });

  it('runs where no command is given', () => {
    expect(parse('')).toEqual({ command: 'run', positionals: [], options: {} });
    expect(parse('--listen 127.0.0.1:0')).toMatchObject({ command: 'run', options: { listen: '127.0.0.1:0' } });
  });

  it.each(['--help', '-h', 'replay --help', 'run -h'])('helps on %s', (line) => {
    expect(parse(line).command).toBe('help');
  });

  it('tells its version on --version', () => {
    expect(parse('--version').command).toBe('version');
  });

  it('reads what replay needs', () => {
    const line = 'replay data --scores out --warm w.csv --period 5m --kind values --seed 3 --report r.html --json';
    expect(parse(line)).toEqual({
      command: 'replay',
      positionals: ['data'],
      options: { scores: 'out', warm: 'w.csv', period: '5m', kind: 'values', seed: '3', report: 'r.html', json: true },
    });
  });

  it('reads what inject needs', () => {
    expect(parse('inject stuck line1/pump/flow --for 10s')).toEqual({
      command: 'inject',
      positionals: ['stuck', 'line1/pump/flow'],
      options: { for: '10s' },
    });
  });

  it.each(['run', 'demo', 'check', 'replay x', 'inject a b', 'version'])(
    'takes the common options with %s',
    (command) => {
      const common = '--config c.yaml --state-dir s --listen localhost:1 --token-file t --log-level debug --json';
      expect(parse(`${command} ${common}`).options).toEqual({
        config: 'c.yaml',
        'state-dir': 's',
        listen: 'localhost:1',
        'token-file': 't',
        'log-level': 'debug',
        json: true,
      });
    },
  );

  it.each([
    ['dance', 'got "dance"'],
    ['cluster', 'cluster is not available in this version'],
    ['export a --resume', 'export has no option --resume'],
    ['run --scores out', 'run has no option --scores'],
    ['replay x --for 3s', 'replay has no option --for'],
    ['inject a b --seed 1', 'inject has no option --seed'],
    ['--nonsense', '--nonsense'],
    ['--config', '--config'],
    ['--json=yes', '--json'],
    ['-x', '-x'],
    ['check other.yaml', 'other.yaml'],
    ['run other.yaml', 'other.yaml'],
    ['version 2', '2'],
    ['--log-level loud', 'loud'],
  ])('refuses %s and says why, and where help is', (line, why) => {
    expect(refusal(line)).toContain(why);
    expect(refusal(line)).toContain('try: tidewatch help');
  });

  it('has help for every command and option', () => {
    for (const word of ['run', 'demo', 'check', 'replay', 'compare', 'export', 'import', 'inject', 'version'])
      expect(USAGE).toMatch(new RegExp(`^ {2}${word}\\b`, 'm'));
    const options =
      'scores warm period seed report out float32 resume for config state-dir listen token-file log-level json';
    for (const option of options.split(' ')) expect(USAGE).toContain(`--${option}`);
  });
});
