import { describe, expect, it } from 'vitest';

import { placeOfCgroups } from '../../../../adapters/sandbox/cgroup-place.ts';

const first = (controllers: string) =>
  `33 25 0:29 / /sys/fs/cgroup/${controllers} rw,nosuid shared:9 - cgroup cgroup rw,${controllers}`;
const second = (at: string) => `30 23 0:26 / ${at} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate`;

describe('where groups can be made', () => {
  it('is the own group of each hierarchy of v1, even beside a v2 without controllers', () => {
    const mounts = [second('/sys/fs/cgroup/unified'), first('memory'), first('pids')].join('\n');
    expect(placeOfCgroups(mounts, '9:pids:/\n4:memory:/work/a\n0::/work\n')).toEqual({
      version: 'cgroup v1',
      candidates: [['/sys/fs/cgroup/memory/work/a', '/sys/fs/cgroup/pids']],
    });
  });

  it('is the own group of v2 or one above it', () => {
    const own = '0::/user.slice/user@1000.service/app.slice/talos.service\n';
    expect(placeOfCgroups(second('/sys/fs/cgroup'), own)).toEqual({
      version: 'cgroup v2',
      candidates: [
        ['/sys/fs/cgroup/user.slice/user@1000.service/app.slice/talos.service'],
        ['/sys/fs/cgroup/user.slice/user@1000.service/app.slice'],
        ['/sys/fs/cgroup/user.slice/user@1000.service'],
        ['/sys/fs/cgroup/user.slice'],
        ['/sys/fs/cgroup'],
      ],
    });
  });

  it('is nowhere without groups', () => {
    expect(placeOfCgroups('', '')).toBeUndefined();
    expect(placeOfCgroups(first('memory'), '4:memory:/\n')).toBeUndefined();
  });
});
