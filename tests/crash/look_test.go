// SPDX-License-Identifier: GPL-2.0-or-later

package crash

import (
	"errors"
	"fmt"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testcheck"
)

// everyPrefix looks at the volume after each operation of the devices.
func (w *workload) everyPrefix(t *testing.T) {
	for n := range w.recorder.Len() + 1 {
		pair := w.recorder.Prefix(n)
		if err := w.look(t, pair, n); err != nil {
			t.Fatalf("after %d of %d operations: %v", n, w.recorder.Len(), err)
		}
	}
}

// lostAndTorn looks at states in which some of the writes since the last flush
// are lost, and of some only some sectors arrived.
func (w *workload) lostAndTorn(t *testing.T, states int) {
	for range states {
		n := w.random.IntN(w.recorder.Len() + 1)
		pair, err := w.recorder.RandomCrash(n, format.SmallBlockSize, w.random)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.look(t, pair, n); err != nil {
			t.Fatalf("after %d of %d operations, some lost: %v", n, w.recorder.Len(), err)
		}
	}
}

// look opens a volume that was stopped after n operations. It must be clean, and
// be what it was after some operation: not before the last one that was synced
// by then, and not after the one that was going on.
func (w *workload) look(t *testing.T, pair device.Pair, n int) error {
	w.looked++
	first, last := 0, 0
	for i, s := range w.states {
		if s.writes <= n && s.synced {
			first = i
		}
		if i == 0 || w.states[i-1].writes <= n {
			last = i
		}
	}
	if err := w.isOneOf(t, pair, first, last); err != nil {
		return fmt.Errorf("none of the states %d to %d: %w", first, last, err)
	}
	testcheck.Clean(t, pair)
	if t.Failed() {
		return errors.New("it is not clean")
	}
	return nil
}

func (w *workload) isOneOf(t *testing.T, pair device.Pair, first, last int) error {
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		return err
	}
	snapshot, err := forest.Load(t.Context(), block.NewReader(pair.Meta, block.Options{FSID: super.Hdr.FSID.Get(), Workers: -1}), super)
	if err != nil {
		return err
	}
	view := fs.New(snapshot, pair.Data)
	err = nil
	for i := last; i >= first; i-- {
		m := w.states[i].model.Clone()
		m.Unclear = map[uint64]bool{}
		for _, s := range w.states[first : last+1] {
			for ino := range s.unclear {
				m.Unclear[ino] = true
			}
		}
		differs := m.Compare(t.Context(), view)
		if differs == nil {
			return nil
		}
		err = errors.Join(err, fmt.Errorf("state %d: %w", i, differs))
	}
	return err
}
