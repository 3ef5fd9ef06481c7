// SPDX-License-Identifier: GPL-2.0-or-later

package fsck

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine/block"
	"scoutfs/fsck/problem"
)

// Findings of a volume in use: a damaged block looks the same each time, one
// that is being written does not.
var (
	linkCount = problem.Finding{Number: problem.InodeLinkCount, Place: problem.Place{Ino: 7}}
	dangling  = problem.Finding{Number: problem.DirentDangling, Place: problem.Place{Ino: 8, Name: "x"}}
	inUse     = problem.Finding{Number: problem.VolumeInUse}
)

func badBlock(blkno uint64, found string) problem.Finding {
	return problem.Finding{
		Number: problem.BlockSeq, Found: found,
		Place: problem.Place{Device: problem.MetaDevice, Blkno: blkno, Blocks: 1},
	}
}

func TestOnlyWhatTwoReadingsFindIsReported(t *testing.T) {
	t.Parallel()
	type reading struct {
		found []problem.Finding
		err   error
	}
	finds := func(found ...problem.Finding) reading { return reading{found: found} }
	broken := errors.New("the temporary folder is full")
	tests := []struct {
		name     string
		readings []reading // the last one is repeated
		want     []problem.Finding
		count    int
		err      error
	}{
		{"clean at once", []reading{finds()}, nil, 1, nil},
		{"notes need no second reading", []reading{finds(inUse)}, []problem.Finding{inUse}, 1, nil},
		{"found twice", []reading{finds(linkCount, inUse)}, []problem.Finding{linkCount, inUse}, 2, nil},
		{"vanished", []reading{finds(linkCount), finds()}, nil, 2, nil},
		{"one vanished", []reading{finds(linkCount, dangling), finds(dangling)}, []problem.Finding{dangling}, 2, nil},
		{"one came", []reading{finds(dangling), finds(linkCount, dangling)}, []problem.Finding{dangling, linkCount}, 3, nil},
		{"the same damaged block", []reading{finds(badBlock(9, "seq 4"))}, []problem.Finding{badBlock(9, "seq 4")}, 2, nil},
		{"a block that is written all the time", []reading{finds(badBlock(9, "seq 4")), finds(badBlock(9, "seq 5")), finds()}, nil, 3, nil},
		{"broken off by a block that was written", []reading{{[]problem.Finding{linkCount}, block.ErrStale}, finds()}, nil, 2, nil},
		{"always broken off", []reading{{nil, block.ErrStale}}, nil, maxReadings, ErrWritten},
		{"always broken off with something in common", []reading{{[]problem.Finding{linkCount}, block.ErrStale}}, []problem.Finding{linkCount}, maxReadings, ErrWritten},
		{"another error", []reading{{[]problem.Finding{linkCount}, broken}}, nil, 1, broken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			n := 0
			read := func(_ context.Context, report problem.Reporter) error {
				r := test.readings[min(n, len(test.readings)-1)]
				n++
				for _, f := range r.found {
					report(f)
				}
				return r.err
			}
			var got []problem.Finding
			count, err := untilSure(t.Context(), problem.NewTable(), read, func(f problem.Finding) { got = append(got, f) })
			if count != test.count || !errors.Is(err, test.err) {
				t.Errorf("%d readings and %v, want %d and %v", count, err, test.count, test.err)
			}
			order := func(a, b problem.Finding) int { return int(a.Number - b.Number) }
			want := slices.Clone(test.want)
			slices.SortFunc(got, order)
			slices.SortFunc(want, order)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A volume never becomes clean by always looking different.
func TestReadingsThatNeverAgreeAreAnError(t *testing.T) {
	t.Parallel()
	n := uint64(0)
	read := func(_ context.Context, report problem.Reporter) error {
		n++
		report(badBlock(n, "seq 1"))
		return nil
	}
	reported := 0
	_, err := untilSure(t.Context(), problem.NewTable(), read, func(problem.Finding) { reported++ })
	if !errors.Is(err, ErrWritten) || reported != 0 {
		t.Errorf("%v with %d findings, want ErrWritten without any", err, reported)
	}
}

func TestFindingsBeyondTheBoundAreCounted(t *testing.T) {
	t.Parallel()
	read := func(_ context.Context, report problem.Reporter) error {
		for ino := range uint64(maxHeld + 7) {
			report(problem.Finding{Number: problem.InodeLinkCount, Place: problem.Place{Ino: ino + 1}})
		}
		return nil
	}
	counts := make(map[problem.Number]int)
	said := ""
	_, err := untilSure(t.Context(), problem.NewTable(), read, func(f problem.Finding) {
		counts[f.Number]++
		if f.Number == problem.CheckIncomplete {
			said = f.Found
		}
	})
	want := map[problem.Number]int{problem.InodeLinkCount: maxHeld, problem.CheckIncomplete: 1}
	if diff := cmp.Diff(want, counts); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if want := fmt.Sprintf("7 findings beyond the first %d, which were not compared with those of another reading", maxHeld); said != want {
		t.Errorf("said %q, want %q", said, want)
	}
}
