// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"scoutfs/debug/corrupt"
	"scoutfs/debug/surgery"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testbulk"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testtree"
)

// volume is a sound volume that damage is made on, in copies.
type volume struct {
	name string
	open func(t *testing.T) device.Pair

	once sync.Once
	pair device.Pair
	was  []problem.Number // what the check finds before any damage
}

// made are volumes that this repository lays out itself.
func made() []*volume {
	return []*volume{
		{name: "sample", open: func(t *testing.T) device.Pair { return testtree.Sample(t).Memory() }},
		{name: "format-1", open: func(t *testing.T) device.Pair {
			v := testtree.New(t, 1)
			v.File(v.Dir(format.RootIno, "directory"), "file", testtree.Text("text"))
			v.Dir(format.RootIno, "empty")
			return v.Memory()
		}},
		{name: "busy", open: busy},
		{name: "bulk", open: func(t *testing.T) device.Pair {
			o := testbulk.Options{Files: 1500, LogTrees: 2, LogShare: 300}
			meta, data := testbulk.Sizes(o)
			pair := device.Pair{Meta: device.NewMemory("meta", meta), Data: device.NewMemory("data", data)}
			if err := testbulk.Write(t.Context(), pair, o); err != nil {
				t.Fatal(err)
			}
			return pair
		}},
	}
}

// kernelMade are volumes that upstream wrote, small ones first.
func kernelMade() []*volume {
	var all []*volume
	for _, name := range []string{
		"empty-v2", "empty-v1", "basic", "archive", "basic-v1", "dirty", "two-mounts", "compacting", "partmerge", "many",
	} {
		all = append(all, &volume{name: name, open: func(t *testing.T) device.Pair {
			img := testimage.Get(t, name)
			pair, err := device.OpenPair(img.Meta, img.Data, device.Options{Shared: true})
			if err != nil {
				t.Fatal(err)
			}
			return pair // until the end of the process: subtests share it
		}})
	}
	return all
}

// ready opens a volume and checks it, once.
func (v *volume) ready(t *testing.T) {
	t.Helper()
	v.once.Do(func() {
		v.pair = v.open(t)
		was, cases, err := found(t.Context(), v.copy())
		if err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
		v.was = was
		if cases != "" {
			t.Errorf("%s is not sound:\n\t%s", v.name, cases)
		}
	})
}

// copy returns devices whose changes the volume does not see.
func (v *volume) copy() device.Pair {
	pair := device.Pair{Meta: device.NewOverlay("meta", v.pair.Meta)}
	if v.pair.Data != nil {
		pair.Data = device.NewOverlay("data", v.pair.Data)
	}
	return pair
}

// found checks devices and returns the problems that were found, and a line
// for each of the first cases that are none of notes.
func found(ctx context.Context, pair device.Pair) (numbers []problem.Number, cases string, err error) {
	summary, err := fsck.Check(ctx, fsck.Options{Pair: pair, Memory: fsck.MinMemory, Cases: 3})
	if err != nil {
		return nil, "", err
	}
	var lines []string
	for _, t := range summary.Tallies {
		numbers = append(numbers, t.Number)
		if t.Severity == problem.Note {
			continue
		}
		for _, c := range t.Cases {
			lines = append(lines, strings.Join([]string{fmt.Sprint(t.Number), t.Name, c.Place.String(), c.Found, c.Expected, c.Path}, " | "))
		}
	}
	return numbers, strings.Join(lines, "\n\t"), nil
}

// outcome is what became of one damage.
type outcome struct {
	held      bool // the volume has what the kind needs
	named     bool // the problem was found
	unrelated []problem.Number
	cases     string
}

func (v *volume) damage(ctx context.Context, k corrupt.Kind, seed uint64) (outcome, error) {
	pair := v.copy()
	victim := surgery.Open(pair)
	err := k.Apply(ctx, victim, seed)
	if isMissing(err) {
		return outcome{}, nil
	}
	if err == nil {
		err = victim.Write()
	}
	if err != nil {
		return outcome{}, err
	}
	numbers, cases, err := found(ctx, pair)
	o := outcome{held: true, named: slices.Contains(numbers, k.Problem), cases: cases}
	table := problem.NewTable()
	for _, n := range numbers {
		if n != k.Problem && !slices.Contains(k.Also, n) && !slices.Contains(v.was, n) && table.Describe(n).Severity != problem.Note {
			o.unrelated = append(o.unrelated, n)
		}
	}
	return o, err
}

// expect makes a damage and fails the test unless the check finds it and
// nothing else. It reports whether the volume can hold it and whether all is
// as it should.
func (v *volume) expect(t *testing.T, k corrupt.Kind, seed uint64) (held, right bool) {
	t.Helper()
	v.ready(t)
	o, err := v.damage(t.Context(), k, seed)
	switch {
	case err != nil:
		t.Errorf("seed %d: %v", seed, err)
	case !o.held:
	case !o.named:
		t.Errorf("seed %d: %d is not found, but\n\t%s", seed, k.Problem, o.cases)
	case len(o.unrelated) > 0:
		t.Errorf("seed %d: %d is found, and unrelated %d\n\t%s", seed, k.Problem, o.unrelated, o.cases)
	default:
		return true, true
	}
	return o.held, false
}
