// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testsample"
)

// dead are options for a volume of which no mount is alive.
func dead(seed uint64) server.RecoverOptions {
	return server.RecoverOptions{
		Options: server.Options{Random: rand.New(rand.NewPCG(seed, 1)).Uint64},
		Watch:   -1,
		Answers: func(context.Context, netip.AddrPort) bool { return false },
	}
}

func recoverVolume(tb testing.TB, pair device.Pair, o server.RecoverOptions) (*server.Report, error) {
	tb.Helper()
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		tb.Fatal(err)
	}
	blocks := block.NewReader(pair.Meta, block.Options{FSID: super.Hdr.FSID.Get(), TotalBlocks: super.TotalMetaBlocks.Get()})
	return server.Recover(tb.Context(), pair, blocks, o)
}

// Volumes of the kernel module are recovered, compacted and merged, whatever
// their mounts have left, without a change of what the filesystem holds.
func TestImagesHoldWhatTheyHeld(t *testing.T) {
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Helper()
		t.Parallel()
		if img.Name == "many" && !testsample.All() {
			return // the half done merges are of it too
		}
		pair := overlayImage(t, img)
		old := held{loadView(t, pair), searchEntries(t, pair), inodes(loadSnapshot(t, pair)), problems(t, pair)}
		before := loadSnapshot(t, pair).Super
		report, err := recoverVolume(t, pair, dead(1))
		if err != nil {
			t.Fatal(err)
		}
		recovered := loadSnapshot(t, pair).Super
		if recovered.MountedClients.Root() != (format.Root{}) {
			t.Error("there are clients")
		}
		if len(report.Uses) > 0 {
			old.compare(t, "recovered", pair)
		} else if *recovered != *before {
			t.Error("a volume that needed no recovery was written")
		}
		again, err := recoverVolume(t, pair, dead(2))
		if err != nil || len(again.Uses) > 0 {
			t.Fatalf("second recovery finds %v: %v", again.Uses, err)
		}

		s, err := openServer(t, pair, 3)
		if err != nil {
			t.Fatal(err)
		}
		work := func() {
			t.Helper()
			if err := errors.Join(s.CompactSrch(t.Context(), nil), s.Merge(t.Context(), nil)); err != nil {
				t.Fatal(err)
			}
		}
		work()
		old.compare(t, "merged", pair)
		checkMerged(t, pair)
		super := *s.Super()
		work()
		if *s.Super() != super {
			t.Error("a second merge has written a super")
		}
	})
}

// held is what must not change.
type held struct {
	view     []viewItem
	entries  []format.SrchEntry
	inodes   uint64
	problems string
}

func (h held) compare(t *testing.T, what string, pair device.Pair) {
	t.Helper()
	compareViews(t, what, loadView(t, pair), h.view)
	if !slices.Equal(searchEntries(t, pair), h.entries) {
		t.Errorf("%s: searches find something else", what)
	}
	if n := inodes(loadSnapshot(t, pair)); n != h.inodes {
		t.Errorf("%s: %d inodes are counted, want %d", what, n, h.inodes)
	}
	if found := problems(t, pair); found != h.problems {
		t.Errorf("%s: the check finds\n%s\nand found before\n%s", what, found, h.problems)
	}
}

// A power failure during a recovery leaves a volume that can be recovered, or
// one that was.
func TestAPowerFailureDuringARecoveryChangesNothing(t *testing.T) {
	t.Parallel()
	for _, image := range testsample.Of([]string{"dirty", "partmerge"}, 1) {
		t.Run(image, func(t *testing.T) {
			t.Parallel()
			pair := overlayImage(t, testimage.Get(t, image))
			before := loadView(t, pair)
			recorder := device.NewPairRecorder(pair)
			if _, err := recoverVolume(t, recorder.Pair(), dead(1)); err != nil {
				t.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(8, 9))
			for _, n := range testsample.Indexes(recorder.Len()+1, 8) {
				pair := recorder.Prefix(n)
				if n%2 == 1 {
					pair = crashed(t, recorder, n, rng)
				}
				compareViews(t, "after a power failure", loadView(t, pair), before)
				if _, err := recoverVolume(t, pair, dead(uint64(n)+2)); err != nil {
					t.Fatal(err)
				}
				compareViews(t, "recovered", loadView(t, pair), before)
				if _, err := openServer(t, pair, 3); err != nil {
					t.Errorf("recovered after %d operations: %v", n, err)
				}
				if n%4 != 0 {
					continue
				}
				if found := problems(t, pair); found != "" {
					t.Fatalf("after %d operations of %d:\n%s", n, recorder.Len(), found)
				}
			}
		})
	}
}

// busyDevice is a device that somebody else writes to between two reads of the
// super.
type busyDevice struct {
	device.Device
	reads, from int
	off         int64
}

func (d *busyDevice) ReadAt(p []byte, off int64) (int, error) {
	n, err := d.Device.ReadAt(p, off)
	if off == d.off {
		if d.reads++; d.reads >= d.from {
			p[100]++
		}
	}
	return n, err
}

func TestVolumesWithLivingMountsAreNotRecovered(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(pair *device.Pair, o *server.RecoverOptions)
		want   string
	}{
		{"a server that answers", func(_ *device.Pair, o *server.RecoverOptions) {
			o.Answers = func(_ context.Context, addr netip.AddrPort) bool { return addr.Port() == 53000 }
		}, "a server answers at 127.0.0.1:53000, the address of quorum slot 0"},
		{"a super that is written", func(pair *device.Pair, o *server.RecoverOptions) {
			o.Watch = time.Millisecond
			pair.Meta = &busyDevice{Device: pair.Meta, from: 4, off: superOffset}
		}, "the super block was written"},
		{"a quorum block that is written", func(pair *device.Pair, o *server.RecoverOptions) {
			o.Watch = time.Millisecond
			pair.Meta = &busyDevice{Device: pair.Meta, from: 3, off: superOffset + format.SmallBlockSize}
		}, "the block of quorum slot 0 was written"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pair, o := overlayImage(t, testimage.Get(t, "dirty")), dead(1)
			recorder := device.NewPairRecorder(pair)
			pair = recorder.Pair()
			test.change(&pair, &o)
			report, err := recoverVolume(t, pair, o)
			var alive *server.AliveError
			if !errors.As(err, &alive) || !errors.Is(err, syscall.EBUSY) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if len(report.Uses) == 0 || len(report.Mounts) != 0 || recorder.Len() != 0 {
				t.Errorf("report %+v after %d operations", *report, recorder.Len())
			}
		})
	}
}

func TestNobodyIsTakenForAliveWithoutASign(t *testing.T) {
	t.Parallel()
	pair, o := overlayImage(t, testimage.Get(t, "dirty")), dead(1)
	o.Watch = time.Millisecond
	report, err := recoverVolume(t, pair, o)
	if err != nil || len(report.Mounts) != 1 || !slices.Equal(report.Slots, []int{0}) {
		t.Fatalf("%+v, %v", *report, err)
	}
	for _, want := range []string{"claimed here", "no server answers at 127.0.0.1:53000", "nobody wrote the super block or a quorum block"} {
		if !strings.Contains(strings.Join(report.Evidence, "\n"), want) {
			t.Errorf("evidence %q, want %q", report.Evidence, want)
		}
	}
	q, _, err := block.ReadQuorumBlock(pair.Meta, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	stop, end := &q.Events[format.QuorumEventStop], &q.Events[format.QuorumEventEnd]
	begin, elect := &q.Events[format.QuorumEventBegin], &q.Events[format.QuorumEventElect]
	if stop.Term != elect.Term || stop.RID != begin.RID || end.RID != begin.RID || end.WriteNr.Get() != stop.WriteNr.Get()+1 || q.WriteNr != end.WriteNr {
		t.Errorf("quorum events are %+v", q.Events)
	}
}
