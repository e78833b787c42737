import { open } from 'node:fs/promises';

import type { Command } from 'commander';

import type { AuditReader } from '../../domain/audit/reader.ts';
import type { AuditReport } from '../../domain/audit/verify.ts';
import { homePaths } from '../../domain/config/paths.ts';
import { TalosError } from '../../domain/errors.ts';
import type { CliDeps } from '../command.ts';

const verifyHelp = `
Ends with 0 when the log is sound and with 70 when it is not. Torn lines and open segments are no findings: the former were cut off by a
crash or a full disk before they were acknowledged, the latter are being written or belong to a process that was killed.

Examples:
  talos audit verify
  talos audit verify --json`;

const exportHelp = `
Examples:
  talos audit export --csv > audit.csv
  talos audit export --csv --output audit.csv`;

/** `talos audit verify` and `talos audit export`. */
export function addAuditCommand(program: Command, deps: CliDeps): void {
  const audit = program.command('audit').description('check and export the audit log');
  audit
    .command('verify')
    .description('find any changed, removed or reordered line')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', verifyHelp)
    .action(async (options: { json?: true }) => {
      const config = deps.config();
      const report = await (await deps.auditReader(config)).verify();
      const dir = homePaths(config).audit;
      if (options.json === true) deps.output.json({ sound: report.findings.length === 0, directory: dir, ...report });
      else printReport(report, dir, deps);
      if (report.findings.length > 0) throw broken(report, dir);
    });
  audit
    .command('export')
    .description('write the whole log as a table, by time')
    .requiredOption('--csv', 'as CSV (RFC 4180)')
    .option('--output <file>', 'into this file instead of standard output')
    .addHelpText('after', exportHelp)
    .action(async (options: { output?: string }) => {
      const reader = await deps.auditReader(deps.config());
      const { rows, unreadable } = await exportTo(reader, options.output, deps);
      deps.output.note(`${rows} entries exported.`);
      if (unreadable === 0) return;
      throw new TalosError(
        'AUDIT_BROKEN',
        `${unreadable} lines are no entries and were left out; run ./talos audit verify.`,
      );
    });
}

function printReport(report: AuditReport, dir: string, { output }: CliDeps): void {
  for (const { segment, line, kind, message } of report.findings) {
    output.line(`${dir}/${segment}.jsonl:${line}: ${kind}: ${message}`);
  }
  for (const { segment, line } of report.torn) {
    output.note(`${dir}/${segment}.jsonl:${line}: torn: a write was cut off here; it had not been acknowledged`);
  }
  if (report.open.length > 0)
    output.note(`${report.open.length} segments have no end: being written, or their process was killed.`);
  if (report.findings.length === 0) output.line(`OK: ${report.entries} entries in ${report.segments} segments.`);
}

function broken(report: AuditReport, dir: string): TalosError {
  const count = report.findings.length === 1 ? 'One finding' : `${report.findings.length} findings`;
  return new TalosError('AUDIT_BROKEN', `${count}: the audit log in ${dir} is not as it was written.`);
}

async function exportTo(reader: AuditReader, path: string | undefined, { output }: CliDeps) {
  if (path === undefined) return await reader.exportCsv((line) => output.write(line));
  const file = await open(path, 'w', 0o600).catch((cause: unknown) => {
    throw new TalosError('VALIDATION_FAILED', `${path} cannot be written: ${String(cause)}`, { cause });
  });
  try {
    return await reader.exportCsv(async (line) => {
      await file.appendFile(line);
    });
  } finally {
    await file.close();
  }
}
