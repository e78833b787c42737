import { toTalosError } from '../domain/errors.ts';
import type { AuditLog, Logger } from '../domain/ports.ts';
import type { ScheduleClock, SkillSchedules } from '../domain/skills/ports.ts';
import { keepSchedule } from '../domain/skills/keep-schedule.ts';
import { catchUpMs, scheduleId } from '../domain/skills/schedule.ts';

type Deps = {
  readonly schedules: SkillSchedules;
  readonly scheduleClock: ScheduleClock;
  readonly audit: AuditLog;
  readonly logger: Logger;
};

/** Sets every kept schedule that Temporal has lost, and records what was due while Talos was away. Never fails; the log has what did. */
export async function keepSchedules({ logger, ...ports }: Deps): Promise<void> {
  const keeping = { ...ports, now: Date.now };
  try {
    for (const { id, problem } of await ports.schedules.unreadable()) logger.warn({ schedule: id }, problem);
    for (const schedule of await ports.schedules.list()) {
      await keepSchedule(keeping, schedule, catchUpMs).catch((thrown: unknown) => {
        const { code, message } = toTalosError(thrown);
        logger.warn(
          { schedule: scheduleId(schedule), code, err: thrown },
          `a schedule was not looked after: ${message}`,
        );
      });
    }
  } catch (thrown) {
    logger.warn({ code: toTalosError(thrown).code, err: thrown }, 'the schedules of skills could not be read');
  }
}
