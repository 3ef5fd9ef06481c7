// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"scoutfs/debug/corrupt"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testimage"
)

var update = flag.Bool("update", false, "write the table in docs/fsck.md anew")

func isMissing(err error) bool {
	_, missing := errors.AsType[*corrupt.MissingError](err)
	return missing
}

// Each kind of damage once, on the first volume that can hold it.
func TestEachDamageIsFoundAsItself(t *testing.T) {
	t.Parallel()
	all := made()
	for _, k := range corrupt.Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			for _, v := range all {
				if held, _ := v.expect(t, k, 1); held {
					return
				}
			}
			t.Errorf("no volume of this test has a %s", k.Needs)
		})
	}
}

// matrixSeeds is how often each kind of damage is made on each volume.
const matrixSeeds = 3

// Every kind of damage on every volume that can hold it. It takes minutes:
//
//	make fsck-matrix
//	SCOUTFS_FSCK_MATRIX=1 go test ./debug/corrupt -run 'TestMatrix/KIND/VOLUME'
func TestMatrix(t *testing.T) {
	if os.Getenv("SCOUTFS_FSCK_MATRIX") == "" {
		t.Skip("SCOUTFS_FSCK_MATRIX is not set; run make fsck-matrix")
	}
	testimage.Get(t, "basic") // skips without images
	t.Parallel()
	m := matrix{kinds: corrupt.Kinds(), volumes: slices.Concat(made(), kernelMade()), cells: make(map[cell]tally)}
	t.Run("all", func(t *testing.T) {
		for _, k := range m.kinds {
			for _, v := range m.volumes {
				t.Run(k.Name+"/"+v.name, func(t *testing.T) {
					t.Parallel()
					for seed := range uint64(matrixSeeds) {
						held, right := v.expect(t, k, seed+1)
						m.add(cell{k.Name, v.name}, held, right)
					}
				})
			}
		}
	})
	m.checkCoverage(t)
	if *update {
		m.write(t)
	}
}

// cell is a place in the matrix.
type cell struct{ kind, volume string }

// tally is how many damages were made and how many of them were found as
// themselves.
type tally struct{ made, right int }

type matrix struct {
	kinds   []corrupt.Kind
	volumes []*volume

	mutex sync.Mutex // guards cells
	cells map[cell]tally
}

func (m *matrix) add(at cell, held, right bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	c := m.cells[at]
	if held {
		c.made++
	}
	if right {
		c.right++
	}
	m.cells[at] = c
}

// checkCoverage fails the test for kinds that no volume can hold.
func (m *matrix) checkCoverage(t *testing.T) {
	t.Helper()
	for _, k := range m.kinds {
		run, made := 0, 0
		for _, v := range m.volumes {
			if c, ok := m.cells[cell{k.Name, v.name}]; ok {
				run, made = run+1, made+c.made
			}
		}
		if run == len(m.volumes) && made == 0 {
			t.Errorf("no volume can hold %s", k.Name)
		}
	}
}

// The table stands between these lines of the page.
const (
	page       = "../../docs/fsck.md"
	tableBegin = "<!-- made by make fsck-matrix -->\n"
	tableEnd   = "<!-- end of what is made by make fsck-matrix -->\n"
)

func (m *matrix) write(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", page)
	}
	if err := os.WriteFile(page, []byte(before+tableBegin+m.table()+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (m *matrix) table() string {
	var b strings.Builder
	made, right, cells := 0, 0, 0
	for _, c := range m.cells {
		made, right = made+c.made, right+c.right
		if c.made > 0 {
			cells++
		}
	}
	fmt.Fprintf(&b, "%d kinds on %d volumes in %d pairs: of %d damages %d were found as themselves with nothing unrelated (%.1f %%).\n\n",
		len(m.kinds), len(m.volumes), cells, made, right, 100*float64(right)/float64(max(made, 1)))
	b.WriteString("| kind | problem |")
	for _, v := range m.volumes {
		b.WriteString(" " + v.name + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(m.volumes)) + "\n")
	table := problem.NewTable()
	for _, k := range m.kinds {
		fmt.Fprintf(&b, "| `%s` | %d %s |", k.Name, k.Problem, table.Describe(k.Problem).Name)
		for _, v := range m.volumes {
			if c := m.cells[cell{k.Name, v.name}]; c.made > 0 {
				fmt.Fprintf(&b, " %d/%d |", c.right, c.made)
			} else {
				b.WriteString(" |")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
