// SPDX-License-Identifier: GPL-2.0-or-later

package fsck_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testcheck"
	"scoutfs/internal/testtree"
	"scoutfs/progress"
)

func check(t *testing.T, opts fsck.Options) *fsck.Summary {
	t.Helper()
	summary, err := fsck.Check(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

// counts are the cases of each kind but notes.
func counts(s *fsck.Summary) map[string]uint64 {
	all := make(map[string]uint64)
	for i := range s.Tallies {
		if t := &s.Tallies[i]; t.Severity != problem.Note {
			all[t.Name] = t.Count
		}
	}
	return all
}

func TestSummaryOfASoundVolume(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	clock := func() time.Time {
		now = now.Add(time.Second)
		return now
	}
	pair := testtree.Sample(t).Memory()
	s := check(t, fsck.Options{Pair: pair, ReadData: true, Now: clock})
	if text := testcheck.Problems(s); text != "" {
		t.Fatal(text)
	}
	super := s.Volume
	if super == nil || super.FSID != 0x1122334455667788 || super.FormatVersion != 2 || super.Seq != 1 || !s.WithData || s.Readings != 1 {
		t.Errorf("got %+v, %+v", super, s)
	}
	type numbers struct{ Inodes, Files, Directories, Symlinks, Specials, Names, Xattrs uint64 }
	want := numbers{Inodes: 17, Files: 8, Directories: 3, Symlinks: 2, Specials: 4, Names: 17, Xattrs: 3}
	if got := (numbers{s.Inodes, s.Files, s.Directories, s.Symlinks, s.Specials, s.Names, s.Xattrs}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if s.DataBlocks == 0 || s.DataRead != s.DataBlocks*format.SmallBlockSize || s.Blocks == 0 || s.Bytes != s.Blocks*format.LargeBlockSize {
		t.Errorf("%d data blocks, %d bytes of them read, %d blocks, %d bytes", s.DataBlocks, s.DataRead, s.Blocks, s.Bytes)
	}
	elapsed := time.Duration(0)
	for _, phase := range s.Phases {
		if phase.Name == "" || phase.Elapsed <= 0 {
			t.Errorf("phase %+v", phase)
		}
		elapsed += phase.Elapsed
	}
	if len(s.Phases) < 3 || elapsed > s.Elapsed {
		t.Errorf("phases %v in %v", s.Phases, s.Elapsed)
	}
}

func TestCheckNeedsAMetadataDevice(t *testing.T) {
	t.Parallel()
	if _, err := fsck.Check(t.Context(), fsck.Options{}); err == nil {
		t.Error("no error without devices")
	}
	s := check(t, fsck.Options{Pair: device.Pair{Meta: testtree.Sample(t).Memory().Meta}})
	if !s.Clean() || s.WithData || s.Inodes != 17 {
		t.Errorf("without the data device: %+v", s)
	}
}

// damagedVolume has wrong link counts of two files in a directory.
func damagedVolume(t *testing.T) (v *testtree.Volume, paths map[string]bool) {
	t.Helper()
	v = testtree.Sample(t)
	dir := v.Dir(format.RootIno, "damaged")
	for _, name := range []string{"one", "two"} {
		v.Inode(v.File(dir, name)).Nlink.Set(7)
	}
	return v, map[string]bool{"/damaged/one": true, "/damaged/two": true}
}

func TestFindingsAreStreamedAndKept(t *testing.T) {
	t.Parallel()
	v, paths := damagedVolume(t)
	var streamed []fsck.Case
	s := check(t, fsck.Options{Pair: v.Memory(), Cases: 1, Report: func(c fsck.Case) { streamed = append(streamed, c) }})
	if diff := cmp.Diff(map[string]uint64{"INODE_LINK_COUNT": 2}, counts(s)); diff != "" {
		t.Error(diff)
	}
	for _, c := range streamed {
		if c.Number == problem.InodeLinkCount {
			if !paths[c.Path] {
				t.Errorf("path %q", c.Path)
			}
			delete(paths, c.Path)
		}
	}
	if len(paths) > 0 {
		t.Errorf("not streamed: %v", paths)
	}
	for _, tally := range s.Tallies {
		if tally.Number == problem.InodeLinkCount && (len(tally.Cases) != 1 || tally.Cases[0].Path != "/damaged/one") {
			t.Errorf("kept %v", tally.Cases)
		}
	}
}

func TestUnreadableDataIsReportedWithItsPath(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	v.File(v.Dir(format.RootIno, "dir"), "file", testtree.Data(make([]byte, 3*format.SmallBlockSize)))
	pair := v.Memory()
	pair.Data = device.NewFaulty(pair.Data, device.Fault{Off: (format.FirstDataBlkno + 1) * format.SmallBlockSize, Len: 1, Err: syscall.EIO})
	s := check(t, fsck.Options{Pair: pair, ReadData: true})
	if diff := cmp.Diff(map[string]uint64{"DATA_UNREADABLE": 1}, counts(s)); diff != "" {
		t.Fatal(diff)
	}
	got := s.Tallies[len(s.Tallies)-1]
	for i := range s.Tallies {
		if s.Tallies[i].Number == problem.DataUnreadable {
			got = s.Tallies[i]
		}
	}
	want := syscall.EIO.Error() + " at bytes 4096 to 8191"
	if c := got.Cases[0]; c.Path != "/dir/file" || c.Found != want || c.Place.Blkno != format.FirstDataBlkno+1 {
		t.Errorf("got %+v", c)
	}
	if s.DataRead != 2*format.SmallBlockSize {
		t.Errorf("read %d bytes", s.DataRead)
	}
}

// canceller ends the context when a phase begins.
type canceller struct {
	progress.Discard
	cancel context.CancelCauseFunc
	at     int
	phases int
}

var errStopped = errors.New("stopped")

func (c *canceller) Phase(string, progress.Unit, int64) {
	if c.phases == c.at {
		c.cancel(errStopped)
	}
	c.phases++
}

func TestChecksStopInAnyPhase(t *testing.T) {
	t.Parallel()
	v, _ := damagedVolume(t)
	pair := v.Memory()
	s := check(t, fsck.Options{Pair: pair, ReadData: true})
	for at := range s.Phases {
		for _, live := range []bool{false, true} {
			ctx, cancel := context.WithCancelCause(t.Context())
			sink := &canceller{cancel: cancel, at: at}
			if _, err := fsck.Check(ctx, fsck.Options{Pair: pair, ReadData: true, Live: live, Progress: sink}); !errors.Is(err, errStopped) {
				t.Errorf("live %v: stopped in %s: %v", live, s.Phases[at].Name, err)
			}
			cancel(nil)
		}
	}
}

// written is a metadata device that somebody writes: after each of some
// numbers of reads it has the contents of the next state.
type written struct {
	device.Device

	mu     sync.Mutex
	states []device.Device
	at     []int64
	reads  int64
}

func newWritten(states []device.Device, at ...int64) *written {
	return &written{Device: states[0], states: states, at: at}
}

func (w *written) ReadAt(p []byte, off int64) (int, error) {
	w.mu.Lock()
	w.reads++
	state := 0
	for state < len(w.at) && state < len(w.states)-1 && w.reads > w.at[state] {
		state++
	}
	now := w.states[state]
	w.mu.Unlock()
	return now.ReadAt(p, off)
}

// states returns the metadata devices of a volume as it is written again and
// again, each time over what was there before.
func states(v *testtree.Volume, n int) (all []device.Device, data device.Device) {
	for range n {
		pair := v.Memory()
		all, data = append(all, pair.Meta), pair.Data
		v.Later()
	}
	return all, data
}

// readsOf is how often a check reads the metadata device.
func readsOf(t *testing.T, state, data device.Device) int64 {
	t.Helper()
	w := newWritten([]device.Device{state})
	check(t, fsck.Options{Pair: device.Pair{Meta: w, Data: data}})
	return w.reads
}

func TestVolumesThatAreWrittenWhileTheyAreChecked(t *testing.T) {
	t.Parallel()
	sound := testtree.Sample(t)
	for i := range 400 {
		sound.File(format.RootIno, fmt.Sprint("file ", i), testtree.Text("x"))
	}
	all, data := states(sound, 2)
	reads := readsOf(t, all[0], data)
	var failed, repeated int
	for at := range reads + 2 {
		pair := func() device.Pair { return device.Pair{Meta: newWritten(all, at), Data: data} }
		s, err := fsck.Check(t.Context(), fsck.Options{Pair: pair(), Live: true})
		if err != nil || !s.Clean() {
			t.Fatalf("written after %d of %d reads: %v, found %v in %d readings", at, reads, err, counts(s), s.Readings)
		}
		if s.Readings > 1 {
			repeated++
		}
		_, err = fsck.Check(t.Context(), fsck.Options{Pair: pair()})
		switch {
		case errors.Is(err, fsck.ErrWritten):
			failed++
		case err != nil:
			t.Errorf("written after %d of %d reads, not live: %v", at, reads, err)
		}
	}
	if int64(failed) < reads/2 || int64(repeated) < reads/2 {
		t.Errorf("of %d reads after which it was written, %d were an error and %d made another reading necessary", reads, failed, repeated)
	}
}

func TestDamageOfAVolumeInUseIsFound(t *testing.T) {
	t.Parallel()
	v, _ := damagedVolume(t)
	all, data := states(v, 2)
	reads := readsOf(t, all[0], data)
	for at := int64(0); at < reads+2; at += max(reads/20, 1) {
		var streamed atomic.Int64
		s, err := fsck.Check(t.Context(), fsck.Options{
			Pair: device.Pair{Meta: newWritten(all, at), Data: data}, Live: true,
			Report: func(c fsck.Case) {
				if c.Number == problem.InodeLinkCount {
					streamed.Add(1)
				}
			},
		})
		if diff := cmp.Diff(map[string]uint64{"INODE_LINK_COUNT": 2}, counts(s)); err != nil || diff != "" || streamed.Load() != 2 {
			t.Errorf("written after %d of %d reads: %v %s in %d readings", at, reads, err, diff, s.Readings)
		}
		if s.Readings < 2 {
			t.Errorf("%d readings", s.Readings)
		}
	}
}

// What a writer has put right meanwhile is not reported.
func TestDifferencesThatVanishAreNotReported(t *testing.T) {
	t.Parallel()
	damaged, _ := damagedVolume(t)
	sound := testtree.Sample(t)
	sound.Later()
	pair := sound.Memory()
	damagedMeta := damaged.Memory().Meta
	reads := readsOf(t, damagedMeta, pair.Data)
	s, err := fsck.Check(t.Context(), fsck.Options{
		Pair: device.Pair{Meta: newWritten([]device.Device{damagedMeta, pair.Meta}, reads+1), Data: pair.Data}, Live: true,
	})
	if err != nil || !s.Clean() || s.Readings != 2 {
		t.Errorf("%v, found %v in %d readings", err, counts(s), s.Readings)
	}
}

func TestVolumesThatAreWrittenTooFastAreAnError(t *testing.T) {
	t.Parallel()
	v := testtree.Sample(t)
	for i := range 400 {
		v.File(format.RootIno, fmt.Sprint("file ", i), testtree.Text("x"))
	}
	all, data := states(v, 8)
	reads := readsOf(t, all[0], data)
	var at []int64
	for i := range int64(len(all)) {
		at = append(at, reads/2+i*reads)
	}
	s, err := fsck.Check(t.Context(), fsck.Options{Pair: device.Pair{Meta: newWritten(all, at...), Data: data}, Live: true})
	if !errors.Is(err, fsck.ErrWritten) {
		t.Errorf("%v, found %v in %d readings", err, counts(s), s.Readings)
	}
}
