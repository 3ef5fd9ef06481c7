// SPDX-License-Identifier: GPL-2.0-or-later

package layers_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

// place is where a package stands: its floor, and its position from the left
// on that floor.
type place struct{ floor, column int }

// floors maps packages to their places.
type floors map[string]place

// architecture is the page that holds the table of floors.
const architecture = "docs/architecture.md"

var (
	floorRow    = regexp.MustCompile(`(?m)^\| (\d+) \| ([^|]+) \|`)
	packageName = regexp.MustCompile("`([a-z0-9/]+)`")
)

// readFloors reads the rows `| 3 | `a`, `b` | ...` of docs/architecture.md.
func readFloors(repo fs.FS) (floors, error) {
	page, err := fs.ReadFile(repo, architecture)
	if err != nil {
		return nil, err
	}
	house := floors{}
	columns := map[int]int{}
	for _, row := range floorRow.FindAllStringSubmatch(string(page), -1) {
		floor, err := strconv.Atoi(row[1])
		if err != nil {
			return nil, err
		}
		for _, name := range packageName.FindAllStringSubmatch(row[2], -1) {
			if _, twice := house[name[1]]; twice {
				return nil, fmt.Errorf("%s: %s stands on two floors", architecture, name[1])
			}
			house[name[1]] = place{floor, columns[floor]}
			columns[floor]++
		}
	}
	if len(house) == 0 {
		return nil, fmt.Errorf("%s: no table of floors", architecture)
	}
	return house, nil
}

// of finds the named package that pkg is or belongs to, and its place.
func (house floors) of(pkg string) (owner string, at place, ok bool) {
	for owner = pkg; owner != ""; owner = parent(owner) {
		if at, ok = house[owner]; ok {
			return owner, at, true
		}
	}
	return "", place{}, false
}

func parent(pkg string) string {
	if i := strings.LastIndexByte(pkg, '/'); i >= 0 {
		return pkg[:i]
	}
	return ""
}

// check finds imports that do not run down the house. A package may import
// packages of lower floors, those to its left on its own floor, and its own
// sub-packages and their siblings. Tests may import what they need.
func (house floors) check(files []*sourceFile) []string {
	var found []string
	for _, f := range files {
		if f.test() || support(f.pkg()) {
			continue
		}
		owner, from, ok := house.of(f.pkg())
		if !ok {
			found = append(found, fmt.Sprintf("%s: package %s has no floor in %s", f.path, f.pkg(), architecture))
			continue
		}
		for _, spec := range f.syntax.Imports {
			target, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module+"/")
			if !ours {
				continue
			}
			other, to, ok := house.of(target)
			switch {
			case support(target):
				found = append(found, fmt.Sprintf("%s: imports %s, which serves tests only", f.at(spec.Pos()), target))
			case !ok:
				found = append(found, fmt.Sprintf("%s: imports %s, which has no floor", f.at(spec.Pos()), target))
			case other == owner, to.floor < from.floor, to.floor == from.floor && to.column < from.column:
			default:
				found = append(found, fmt.Sprintf("%s: %s (floor %d) imports %s (floor %d)", f.at(spec.Pos()), owner, from.floor, other, to.floor))
			}
		}
	}
	return found
}
