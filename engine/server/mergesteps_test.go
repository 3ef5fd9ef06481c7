// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/server"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testsample"
	"scoutfs/progress"
)

// openInSteps opens a server whose commits of long work change few blocks.
func openInSteps(tb testing.TB, pair device.Pair, seed uint64, blocks int) *server.Server {
	tb.Helper()
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		tb.Fatal(err)
	}
	r := block.NewReader(pair.Meta, block.Options{FSID: super.Hdr.FSID.Get(), TotalBlocks: super.TotalMetaBlocks.Get()})
	s, err := server.Open(tb.Context(), pair, r, server.Options{Random: rand.New(rand.NewPCG(seed, 1)).Uint64, StepBlocks: blocks})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// superWrites returns after how many operations each super was written.
func superWrites(r *device.PairRecorder) []int {
	var at []int
	for _, op := range r.Meta.Ops() {
		if op.Kind == device.OpWrite && op.Off == superOffset {
			at = append(at, int(op.Seq)+1)
		}
	}
	return at
}

const superOffset = 16 << 12

// A merge in many commits: a power failure before, between and in the middle
// of them changes nothing that the filesystem holds, leaves a sound volume, and
// the merge can be done again.
func TestAPowerFailureDuringAMergeChangesNothing(t *testing.T) {
	t.Parallel()
	type volume struct {
		image   string
		blocks  int
		recover bool
	}
	for _, test := range testsample.Of([]volume{
		{"two-mounts", 3, false},
		{"archive", 1, false},
		{"dirty", 5, true},
	}, 2) {
		t.Run(test.image, func(t *testing.T) {
			t.Parallel()
			pair := overlayImage(t, testimage.Get(t, test.image))
			if test.recover {
				if _, err := recoverVolume(t, pair, dead(5)); err != nil {
					t.Fatal(err)
				}
			}
			before, entries := loadView(t, pair), searchEntries(t, pair)
			recorder := device.NewPairRecorder(pair)
			s := openInSteps(t, recorder.Pair(), 1, test.blocks)
			if err := errors.Join(s.CompactSrch(t.Context(), nil), s.Merge(t.Context(), nil)); err != nil {
				t.Fatal(err)
			}
			supers := superWrites(recorder)
			if len(supers) < 3 {
				t.Fatalf("%d commits make no good test", len(supers))
			}
			rng := rand.New(rand.NewPCG(6, 7))
			some := testsample.Of(supers, 3)
			for _, n := range slices.Sorted(slices.Values(append(testsample.Indexes(recorder.Len()+1, 12), some...))) {
				lossy := crashed(t, recorder, n, rng)
				compareViews(t, "after a power failure with losses", loadView(t, lossy), before)
				pair := recorder.Prefix(n)
				compareViews(t, "after a power failure", loadView(t, pair), before)
				if !slices.Equal(searchEntries(t, pair), entries) {
					t.Errorf("after %d operations searches find something else", n)
				}
				if !slices.Contains(some, n) {
					continue
				}
				if found := problems(t, pair); found != "" {
					t.Fatalf("after %d operations of %d:\n%s", n, recorder.Len(), found)
				}
				again := openInSteps(t, pair, uint64(n), 3+n%5)
				if err := errors.Join(again.Merge(t.Context(), nil), again.CompactSrch(t.Context(), nil)); err != nil {
					t.Fatal(err)
				}
				compareViews(t, "merged again", loadView(t, pair), before)
				checkMerged(t, pair)
				if found := problems(t, pair); found != "" {
					t.Fatalf("merged again after %d operations:\n%s", n, found)
				}
			}
		})
	}
}

// stopper ends a context after so many items.
type stopper struct {
	progress.Discard
	left int
	stop context.CancelCauseFunc
}

func (s *stopper) Add(n int64) {
	if s.left -= int(n); s.left <= 0 {
		s.stop(errStopped)
	}
}

var errStopped = errors.New("stopped by the test")

func TestAMergeThatIsStoppedGoesOnLater(t *testing.T) {
	t.Parallel()
	pair := overlayImage(t, testimage.Get(t, "two-mounts"))
	before := loadView(t, pair)
	stops := 0
	for items := 400; ; items += 800 {
		s := openInSteps(t, pair, uint64(items), 4)
		ctx, stop := context.WithCancelCause(t.Context())
		err := s.Merge(ctx, &stopper{left: items, stop: stop})
		stop(nil)
		compareViews(t, "stopped", loadView(t, pair), before)
		if found := problems(t, pair); found != "" {
			t.Fatal(found)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
		stops++
	}
	checkMerged(t, pair)
	if stops < 2 {
		t.Errorf("stopped %d times, which makes no good test", stops)
	}
}
