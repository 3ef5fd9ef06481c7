// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"scoutfs/debug/corrupt"
	"scoutfs/debug/surgery"
	"scoutfs/engine/device"
	"scoutfs/fsck"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testimage"
)

// volume is a sound volume that damage is made on, in copies.
type volume struct {
	name string
	pair device.Pair
	was  []problem.Number // what the check finds before any damage
}

// volumes returns the volumes of the matrix, small ones first.
func volumes(t *testing.T) []*volume {
	t.Helper()
	var all []*volume
	for _, name := range []string{
		"empty-v2", "empty-v1", "basic", "archive", "basic-v1", "dirty", "two-mounts", "compacting", "partmerge", "many",
	} {
		img := testimage.Get(t, name)
		pair, err := device.OpenPair(img.Meta, img.Data, device.Options{Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { pair.Close() })
		all = append(all, &volume{name: name, pair: pair})
	}
	for _, v := range all {
		was, _, err := v.found(t.Context(), v.copy())
		if err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
		v.was = was
	}
	return all
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
// for each of the first cases.
func (v *volume) found(ctx context.Context, pair device.Pair) (numbers []problem.Number, cases string, err error) {
	summary, err := fsck.Check(ctx, fsck.Options{Pair: pair, Memory: fsck.MinMemory, Cases: 3})
	if err != nil {
		return nil, "", err
	}
	var lines []string
	for _, t := range summary.Tallies {
		numbers = append(numbers, t.Number)
		if t.Severity == problem.Note && t.Number != problem.CheckIncomplete {
			continue
		}
		for _, c := range t.Cases {
			lines = append(lines, strings.Join([]string{fmt.Sprint(t.Number), t.Name, c.Place.String(), c.Found, c.Expected, c.Path}, " | "))
		}
	}
	return numbers, strings.Join(lines, "\n\t"), nil
}

// outcome is what became of one kind of damage on one volume.
type outcome struct {
	held      bool // the volume has what the kind needs
	named     bool // the problem was found
	unrelated []problem.Number
	cases     string
}

func (v *volume) try(ctx context.Context, k corrupt.Kind, seed uint64, table *problem.Table) (outcome, error) {
	pair := v.copy()
	victim := surgery.Open(pair)
	err := k.Apply(ctx, victim, seed)
	if _, missing := errors.AsType[*corrupt.MissingError](err); missing {
		return outcome{}, nil
	}
	if err == nil {
		err = victim.Write()
	}
	if err != nil {
		return outcome{}, err
	}
	numbers, cases, err := v.found(ctx, pair)
	o := outcome{held: true, named: slices.Contains(numbers, k.Problem), cases: cases}
	for _, n := range numbers {
		if n != k.Problem && !slices.Contains(k.Also, n) && !slices.Contains(v.was, n) && table.Describe(n).Severity != problem.Note {
			o.unrelated = append(o.unrelated, n)
		}
	}
	return o, err
}

// matrixSeeds is how often each kind of damage is made on each volume.
const matrixSeeds = 3

// Every kind of damage on every volume that can hold it. It takes minutes:
//
//	make fsck-matrix
//	SCOUTFS_FSCK_MATRIX=1 go test ./debug/corrupt -run 'TestMatrix/KIND/VOLUME'
func TestMatrix(t *testing.T) {
	t.Parallel()
	if os.Getenv("SCOUTFS_FSCK_MATRIX") == "" {
		t.Skip("SCOUTFS_FSCK_MATRIX is not set")
	}
	table := problem.NewTable()
	all := volumes(t)
	for _, k := range corrupt.Kinds() {
		for _, v := range all {
			t.Run(k.Name+"/"+v.name, func(t *testing.T) {
				t.Parallel()
				for seed := range uint64(matrixSeeds) {
					v.expect(t, k, seed+1, table)
				}
			})
		}
	}
}

// expect makes a damage and fails the test unless the check finds it and
// nothing else. It reports whether the volume can hold it.
func (v *volume) expect(t *testing.T, k corrupt.Kind, seed uint64, table *problem.Table) bool {
	t.Helper()
	o, err := v.try(t.Context(), k, seed, table)
	switch {
	case err != nil:
		t.Errorf("seed %d: %v", seed, err)
	case !o.held:
	case !o.named:
		t.Errorf("seed %d: %d is not found, but\n\t%s", seed, k.Problem, o.cases)
	case len(o.unrelated) > 0:
		t.Errorf("seed %d: %d is found, and unrelated %d\n\t%s", seed, k.Problem, o.unrelated, o.cases)
	}
	return o.held
}
