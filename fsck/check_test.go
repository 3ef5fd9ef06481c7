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

// written is a metadata device that somebody writes. After each of some
// numbers of reads there is a new super, and every block that the one before
// leads to has been written again.
type written struct {
	device.Device               // as it is before it is written
	after         device.Device // what a super leads to afterwards, nil for the same
	at            []int64

	mu    sync.Mutex
	reads int64
	super int // how many were written before the last one that was read
}

func (w *written) ReadAt(p []byte, off int64) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads++
	now := 0
	for now < len(w.at) && w.reads > w.at[now] {
		now++
	}
	from := w.Device
	if now > 0 && w.after != nil {
		from = w.after
	}
	n, err := from.ReadAt(p, off)
	const superOffset = format.SuperBlkno * format.SmallBlockSize
	switch {
	case err != nil:
	case off == superOffset && len(p) == format.SmallBlockSize:
		w.super = now
		bump(p, now)
	case off >= format.FirstMetaBlkno*format.LargeBlockSize && w.super != now:
		for len(p) > 0 {
			bump(p[:format.LargeBlockSize], now)
			p = p[format.LargeBlockSize:]
		}
	}
	return n, err
}

// bump makes a block another version of itself.
func bump(block []byte, by int) {
	hdr, err := format.View[format.BlockHeader](block)
	if err != nil {
		panic(err)
	}
	hdr.Seq.Set(hdr.Seq.Get() + uint64(by))
	format.Seal(block)
}

// readsOf is how often a check reads the metadata device.
func readsOf(t *testing.T, pair device.Pair) int64 {
	t.Helper()
	w := &written{Device: pair.Meta}
	check(t, fsck.Options{Pair: device.Pair{Meta: w, Data: pair.Data}, Live: true})
	return w.reads
}

func TestVolumesThatAreWrittenWhileTheyAreChecked(t *testing.T) {
	t.Parallel()
	v := testtree.Sample(t)
	for i := range 400 {
		v.File(format.RootIno, fmt.Sprint("file ", i), testtree.Text("x"))
	}
	pair := v.Memory()
	reads := readsOf(t, pair)
	var failed, repeated int64
	tried := int64(0)
	for at := int64(0); at <= reads; at += max(reads/12, 1) {
		tried++
		busy := func() device.Pair {
			return device.Pair{Meta: &written{Device: pair.Meta, at: []int64{at}}, Data: pair.Data}
		}
		s, err := fsck.Check(t.Context(), fsck.Options{Pair: busy(), Live: true})
		if err != nil || !s.Clean() {
			t.Fatalf("written after %d of %d reads: %v, found %v in %d readings", at, reads, err, counts(s), s.Readings)
		}
		if s.Readings > 1 {
			repeated++
		}
		_, err = fsck.Check(t.Context(), fsck.Options{Pair: busy()})
		switch {
		case errors.Is(err, fsck.ErrWritten):
			failed++
		case err != nil:
			t.Errorf("written after %d of %d reads, not live: %v", at, reads, err)
		}
	}
	if failed < tried/2 || repeated < tried/4 {
		t.Errorf("of %d times that it was written, %d were an error and %d made another reading necessary", tried, failed, repeated)
	}
}

func TestDamageOfAVolumeInUseIsFound(t *testing.T) {
	t.Parallel()
	v, _ := damagedVolume(t)
	pair := v.Memory()
	reads := readsOf(t, pair)
	for at := int64(0); at < reads; at += max(reads/6, 1) {
		var streamed atomic.Int64
		s, err := fsck.Check(t.Context(), fsck.Options{
			Pair: device.Pair{Meta: &written{Device: pair.Meta, at: []int64{at}}, Data: pair.Data}, Live: true,
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
	v, _ := damagedVolume(t)
	damaged, sound := v.Memory(), testtree.Sample(t).Memory()
	reads := readsOf(t, damaged)
	s, err := fsck.Check(t.Context(), fsck.Options{
		Pair: device.Pair{Meta: &written{Device: damaged.Meta, after: sound.Meta, at: []int64{reads / 2}}, Data: damaged.Data}, Live: true,
	})
	if err != nil || !s.Clean() || s.Readings < 2 {
		t.Errorf("%v, found %v in %d readings", err, counts(s), s.Readings)
	}
}

func TestVolumesThatAreWrittenTooFastAreAnError(t *testing.T) {
	t.Parallel()
	pair := testtree.Sample(t).Memory()
	reads := readsOf(t, pair)
	var at []int64
	for i := range int64(100) {
		at = append(at, (i+1)*max(reads/4, 2))
	}
	s, err := fsck.Check(t.Context(), fsck.Options{Pair: device.Pair{Meta: &written{Device: pair.Meta, at: at}, Data: pair.Data}, Live: true})
	if !errors.Is(err, fsck.ErrWritten) || len(counts(s)) != 0 {
		t.Errorf("%v, found %v in %d readings", err, counts(s), s.Readings)
	}
}
