// SPDX-License-Identifier: GPL-2.0-or-later

package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testmodel"
	"scoutfs/internal/testsample"
)

const (
	metaBlocks = 131072
	dataBlocks = 1 << 15
)

// TestNothingIsLostAtAnyPoint stops random workloads after every write, and
// with random subsets of the writes since the last flush lost or torn.
// SCOUTFS_CRASH_WORKLOADS is how many there are, SCOUTFS_CRASH_STATES how many
// states with lost and torn writes are looked at of each, SCOUTFS_CRASH_SEED the
// only workload to look at.
func TestNothingIsLostAtAnyPoint(t *testing.T) {
	t.Parallel()
	workloads := testsample.Number(t, "SCOUTFS_CRASH_WORKLOADS", 3)
	first := testsample.Number(t, "SCOUTFS_CRASH_SEED", 0)
	if first != 0 {
		workloads = 1
	}
	states := testsample.Number(t, "SCOUTFS_CRASH_STATES", 10)
	var seen atomic.Int64
	t.Run("workloads", func(t *testing.T) {
		for seed := first; seed < first+workloads; seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				w := newWorkload(t, uint64(seed))
				if err := w.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.everyPrefix(t)
				w.lostAndTorn(t, states)
				seen.Add(int64(w.looked))
			})
		}
	})
	t.Logf("%d workloads, %d states", workloads, seen.Load())
}

// state is what the volume had after an operation.
type state struct {
	writes  int // operations of the devices by then
	model   *testmodel.Model
	synced  bool            // all of it was durable by then
	unclear map[uint64]bool // files with blocks written in place since the last synced state
}

// workload is a volume and how it came to be.
type workload struct {
	recorder *device.PairRecorder
	random   *rand.Rand
	clock    *testmodel.Clock
	driver   *testmodel.Driver
	states   []state
	looked   int
}

func newWorkload(t *testing.T, seed uint64) *workload {
	t.Helper()
	w := &workload{clock: testmodel.NewClock(), random: rand.New(rand.NewPCG(seed, 11))}
	o := testmodel.Options{Version: format.MaxVersion, MetaBlocks: metaBlocks, DataBlocks: dataBlocks}
	if seed%4 == 3 {
		o.Version = format.MinVersion
	}
	pair, m := testmodel.Make(t, w.clock, o)
	w.recorder = device.NewPairRecorder(pair)
	w.driver = testmodel.NewDriver(m, nil, w.clock, w.random)
	w.driver.NoInject = true
	w.note(true)
	return w
}

// run does operations, now and then a sync, a merge, or closing and opening.
func (w *workload) run(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	for range 1 + w.random.IntN(5) {
		for range w.random.IntN(16) {
			if err := w.driver.Step(ctx); err != nil {
				return err
			}
			w.note(false)
		}
		if err := w.between(ctx); err != nil {
			return err
		}
	}
	if w.random.IntN(2) == 0 {
		return w.driver.Volume.Abandon()
	}
	return w.close(ctx)
}

func (w *workload) between(ctx context.Context) error {
	switch w.random.IntN(6) {
	case 0:
		if err := w.driver.Volume.Merge(ctx); err != nil {
			return fmt.Errorf("merging: %w", err)
		}
		w.note(true)
		return nil
	case 1:
		if err := w.close(ctx); err != nil {
			return err
		}
		return w.open(ctx)
	}
	if err := w.driver.Volume.Writer.Sync(ctx); err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	w.note(true)
	return nil
}

func (w *workload) open(ctx context.Context) (err error) {
	w.driver.Volume, err = testmodel.Open(ctx, w.recorder.Pair(), w.clock, w.random)
	return err
}

func (w *workload) close(ctx context.Context) error {
	for _, ino := range w.driver.Model.Inos() {
		for in := w.driver.Model.Inode(ino); in != nil && in.Opens > 0; in = w.driver.Model.Inode(ino) {
			w.driver.Model.Close(ino)
			if err := w.driver.Volume.Writer.Close(ctx, ino); err != nil {
				return fmt.Errorf("closing %d: %w", ino, err)
			}
			w.note(false)
		}
	}
	if err := w.driver.Volume.Close(ctx); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	w.note(true)
	return nil
}

// note takes note of the state of the volume.
func (w *workload) note(synced bool) {
	s := state{writes: w.recorder.Len(), model: w.driver.Model.Clone(), synced: synced, unclear: map[uint64]bool{}}
	for ino := range w.driver.Overwritten {
		s.unclear[ino] = true
	}
	if synced {
		clear(w.driver.Overwritten)
	}
	w.states = append(w.states, s)
}
