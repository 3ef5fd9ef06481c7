// SPDX-License-Identifier: GPL-2.0-or-later

package status_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/ioctl"
	"scoutfs/status"
)

// mounted is a volume on its devices that answers as a mount.
type mounted struct {
	ioctl.Volume
	rid     uint64
	waiters []ioctl.DataWaiter
	statfs  error
}

func (m *mounted) StatfsMore(ctx context.Context) (ioctl.StatfsMoreResult, error) {
	if m.statfs != nil {
		return ioctl.StatfsMoreResult{}, m.statfs
	}
	r, err := m.Volume.StatfsMore(ctx)
	r.RID = m.rid
	return r, err
}

func (m *mounted) DataWaiting(_ context.Context, q ioctl.DataWaiting) ([]ioctl.DataWaiter, error) {
	i := slices.IndexFunc(m.waiters, func(w ioctl.DataWaiter) bool {
		return w.Ino > q.AfterIno || w.Ino == q.AfterIno && w.Block > q.AfterBlock
	})
	if i < 0 {
		return nil, nil
	}
	return m.waiters[i:], nil
}

const mountRID = 0x83864b0db3e3f96b

func newMounted(t *testing.T, pair device.Pair) *mounted {
	t.Helper()
	v, err := engine.OpenDevices(t.Context(), pair, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &mounted{Volume: v.Target(), rid: mountRID}
}

// sysfs is what a mount shows that leads and has two fence requests. The
// volume's id is testblock.FSID.
func sysfs() fstest.MapFS {
	const dir = "f.112233.r.83864b/"
	files := map[string]string{
		"fsid":                                  "1122334455667788\n",
		"rid":                                   "83864b0db3e3f96b\n",
		"format_version":                        "2\n",
		"data_device_maj_min":                   "8:16\n",
		"counters/alloc_alloc_data":             "5\n",
		"mount_options/metadev_path":            "/dev/meta",
		"mount_options/quorum_slot_nr":          "0\n",
		"mount_options/orphan_scan_delay_ms":    "10000\n",
		"volume_options/data_alloc_zone_blocks": "1000",
		"srch/compact_delay_ms":                 "10000",
		"quorum/is_leader":                      "1",
		"quorum/status": "quorum_slot_nr 0\nterm 4\nserver_start_term 4\nserver_event 3\nrole 2 (leader)\nvote_for -1\n" +
			"vote_bits 0x1 (count 1)\ntimeout_in_secs 0.037482911\nlast_send to 1 term 4 type 2 secs_since 0.062513000\n" +
			"last_recv from 1 term 4 type 1 secs_since 12.000000000\nHB Delay(s)      Count  Secs Since\n          1         12  3.000000000\n",
		"fence/0000000000000b2/elapsed_secs": "12",
		"fence/0000000000000b2/fenced":       "0",
		"fence/0000000000000b2/error":        "0",
		"fence/0000000000000b2/ipv4_addr":    "10.0.0.3",
		"fence/0000000000000b2/reason":       "client_recovery",
		"fence/0000000000000b2/rid":          "0000000000000b2",
		"fence/0000000000000a1/elapsed_secs": "31",
		"fence/0000000000000a1/fenced":       "0",
		"fence/0000000000000a1/error":        "1",
		"fence/0000000000000a1/ipv4_addr":    "10.0.0.1",
		"fence/0000000000000a1/reason":       "quorum_block_leader",
		"fence/0000000000000a1/rid":          "0000000000000a1",
	}
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[dir+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

func TestAMountIsShownWithItsDevice(t *testing.T) {
	t.Parallel()
	pair := busy(t).pair()
	m := newMounted(t, pair)
	m.waiters = []ioctl.DataWaiter{{Ino: 5, Block: 1}, {Ino: 5, Block: 2}, {Ino: 9, Block: 0}}
	var opened string
	s, err := status.OnMount(t.Context(), status.Source{
		Volume:   m,
		Sysfs:    sysfs(),
		Statfs:   func() (files, free uint64, err error) { return 1000, 400, nil },
		OpenMeta: func(path string) (device.Device, error) { opened = path; return pair.Meta, nil },
	}, status.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if opened != "/dev/meta" || len(s.Damage) != 0 {
		t.Errorf("opened %s, damage %v", opened, s.Damage)
	}
	want := &status.Local{
		RID: mountRID, Sysfs: "f.112233.r.83864b", DataDevice: "8:16", MetaDevice: "/dev/meta", CompactDelay: "10000",
		Options: map[string]string{"metadev_path": "/dev/meta", "quorum_slot_nr": "0", "orphan_scan_delay_ms": "10000"},
		Quorum: &status.LocalQuorum{Slot: "0", Role: "leader", Term: "4", IsLeader: true, Status: map[string]string{
			"quorum_slot_nr": "0", "term": "4", "server_start_term": "4", "server_event": "3", "role": "2 (leader)", "vote_for": "-1",
			"vote_bits": "0x1 (count 1)", "timeout_in_secs": "0.037482911",
			"last_send to 1": "term 4 type 2 secs_since 0.062513000", "last_recv from 1": "term 4 type 1 secs_since 12.000000000",
		}},
		Fences: []status.Fence{
			{RID: "0000000000000a1", Address: "10.0.0.1", Reason: "quorum_block_leader", Elapsed: "31", Failed: true},
			{RID: "0000000000000b2", Address: "10.0.0.3", Reason: "client_recovery", Elapsed: "12"},
		},
		Waiting: &status.Waiting{Inodes: 2, Blocks: 3},
	}
	if diff := cmp.Diff(want, s.Local); diff != "" {
		t.Error(diff)
	}
	if s.LogTrees == nil || s.LogTrees.Count != 2 || s.Inodes.Count != 600 || s.Inodes.Next != 1<<20 || *s.Volume.CommittedSeq != 98 {
		t.Errorf("log trees %+v, inodes %+v, volume %+v", s.LogTrees, s.Inodes, s.Volume)
	}
	ids := hintIDs(s.Hints)
	for _, id := range []string{"fence-failed", "fence-waiting", "tasks-wait-for-data"} {
		if !slices.Contains(ids, id) {
			t.Errorf("no hint %s among %v", id, ids)
		}
	}
	// That a mount is there is nothing to wonder about on a mount.
	for _, id := range []string{"mount-not-unmounted", "quorum-slot-in-use", "leader-not-stopped", "meta-device-not-read"} {
		if slices.Contains(ids, id) {
			t.Errorf("hint %s", id)
		}
	}
}

func TestAMountIsShownAsFarAsItMayBe(t *testing.T) {
	t.Parallel()
	denied := errors.New("permission denied")
	for name, row := range map[string]struct {
		change  func(*status.Source)
		sysfs   bool
		damage  []string
		message string
	}{
		"no metadata device": {
			change: func(s *status.Source) {
				s.OpenMeta = func(string) (device.Device, error) { return nil, denied }
			},
			sysfs: true, message: "permission denied",
		},
		"nobody to open it": {change: func(s *status.Source) { s.OpenMeta = nil }, sysfs: true, message: "nobody can open it"},
		"no sysfs":          {change: func(s *status.Source) { s.Sysfs = nil }, message: "sysfs does not say"},
		"sysfs of another":  {change: func(s *status.Source) { s.Sysfs = fstest.MapFS{} }, message: "sysfs does not say"},
		"no statfs": {
			change: func(s *status.Source) {
				s.OpenMeta = nil
				s.Statfs = func() (uint64, uint64, error) { return 0, 0, syscall.EIO }
			},
			sysfs: true, damage: []string{status.SectionInodes}, message: "left out",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := status.Source{
				Volume:   newMounted(t, busy(t).pair()),
				Sysfs:    sysfs(),
				Statfs:   func() (files, free uint64, err error) { return 1000, 400, nil },
				OpenMeta: func(string) (device.Device, error) { return nil, denied },
			}
			row.change(&source)
			s, err := status.OnMount(t.Context(), source, status.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var sections []string
			for _, d := range s.Damage {
				sections = append(sections, d.Section)
			}
			if !slices.Equal(sections, row.damage) {
				t.Errorf("damage in %v", sections)
			}
			if s.Space.Meta.Free == 0 || *s.Volume.CommittedSeq != 98 || s.LogTrees != nil || s.Quorum != nil {
				t.Errorf("space %+v, volume %+v, log trees %v", s.Space, s.Volume, s.LogTrees)
			}
			if (s.Local.Quorum != nil) != row.sysfs || (s.Options != nil) != row.sysfs || (s.Volume.FormatVersion == 2) != row.sysfs {
				t.Errorf("local %+v, options %+v", s.Local, s.Options)
			}
			if row.sysfs && (*s.Options.DataAllocZoneBlocks != 1000 || s.Options.Zones != 5) {
				t.Errorf("options %+v", s.Options)
			}
			last := s.Hints[len(s.Hints)-1]
			if last.ID != "meta-device-not-read" || !strings.Contains(last.Text, row.message) {
				t.Errorf("the last hint is %+v", last)
			}
		})
	}
}

func TestWhatIsNoMountIsAnError(t *testing.T) {
	t.Parallel()
	m := newMounted(t, busy(t).pair())
	m.statfs = syscall.ENOTTY
	if s, err := status.OnMount(t.Context(), status.Source{Volume: m}, status.ReadOptions{}); !errors.Is(err, syscall.ENOTTY) {
		t.Errorf("%+v, %v", s, err)
	}
}
