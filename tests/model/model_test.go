// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
	"scoutfs/internal/testmodel"
	"scoutfs/internal/testsample"
)

// Sizes of most volumes' devices in blocks. The metadata device has room beyond what the
// engine keeps in reserve for deletions.
const (
	metaBlocks = 131072
	dataBlocks = 1 << 20
)

// TestVolumesDoWhatTheModelDoes does random operations. SCOUTFS_MODEL_SEEDS is
// how many volumes are filled, SCOUTFS_MODEL_STEPS how many operations each gets,
// SCOUTFS_MODEL_SEED the only one to do.
func TestVolumesDoWhatTheModelDoes(t *testing.T) {
	t.Parallel()
	seeds := testsample.Number(t, "SCOUTFS_MODEL_SEEDS", 6)
	steps := testsample.Number(t, "SCOUTFS_MODEL_STEPS", 1500)
	first := testsample.Number(t, "SCOUTFS_MODEL_SEED", 0)
	if first != 0 {
		seeds = 1
	}
	for seed := first; seed < first+seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := newRun(t, uint64(seed))
			for r.driver.Steps < steps {
				if err := r.some(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.driver.TakeBack(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := r.reopen(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := r.driver.Volume.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			testcheck.Clean(t, r.pair)
		})
	}
}

// run is one volume that is being filled.
type run struct {
	t      *testing.T
	pair   device.Pair
	clock  *testmodel.Clock
	random *rand.Rand
	driver *testmodel.Driver
}

func newRun(t *testing.T, seed uint64) *run {
	t.Helper()
	r := &run{t: t, clock: testmodel.NewClock(), random: rand.New(rand.NewPCG(seed, 3))}
	o := testmodel.Options{Version: format.MaxVersion, MetaBlocks: metaBlocks, DataBlocks: dataBlocks}
	if seed%4 == 3 {
		o.Version = format.MinVersion
	}
	if seed%5 == 4 {
		o.DataBlocks = format.FirstDataBlkno + 150 // always nearly full
	}
	if seed%7 == 6 {
		o.MetaBlocks = 88000 // little more than the reserve
	}
	pair, m := testmodel.Make(t, r.clock, o)
	r.pair = pair
	v, err := testmodel.Open(t.Context(), pair, r.clock, r.random)
	if err != nil {
		t.Fatal(err)
	}
	r.driver = testmodel.NewDriver(m, v, r.clock, r.random)
	r.driver.Large = seed%3 == 0
	r.driver.Full = o.DataBlocks < dataBlocks || o.MetaBlocks < metaBlocks
	return r
}

// some does some operations, and then what happens to volumes in between.
func (r *run) some(ctx context.Context) error {
	for range 1 + r.random.IntN(120) {
		if err := r.driver.Step(ctx); err != nil {
			return err
		}
	}
	switch r.random.IntN(10) {
	case 0, 1:
		return r.reopen(ctx)
	case 2:
		if err := r.driver.Volume.Merge(ctx); err != nil {
			return fmt.Errorf("step %d, merging: %w", r.driver.Steps, err)
		}
		return r.compare(ctx)
	}
	return r.driver.Volume.Writer.Sync(ctx)
}

// reopen closes the volume and opens it again. Nobody has files open then.
func (r *run) reopen(ctx context.Context) error {
	d := r.driver
	if err := d.CloseAll(ctx); err != nil {
		return err
	}
	if err := d.Volume.Close(ctx); err != nil {
		return fmt.Errorf("step %d, closing: %w", d.Steps, err)
	}
	v, err := testmodel.Open(ctx, r.pair, r.clock, r.random)
	if err != nil {
		return fmt.Errorf("step %d, opening again: %w", d.Steps, err)
	}
	d.Volume = v
	return r.compare(ctx)
}

// compare compares the whole of what is committed.
func (r *run) compare(ctx context.Context) error {
	d := r.driver
	if err := d.Volume.Writer.Sync(ctx); err != nil {
		return err
	}
	if err := d.Model.Compare(ctx, d.Volume.Committed()); err != nil {
		return fmt.Errorf("step %d, on the whole: %w", d.Steps, err)
	}
	return nil
}
