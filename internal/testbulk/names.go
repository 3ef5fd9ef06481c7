// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"strconv"
	"strings"

	"scoutfs/engine/format"
)

// appendName appends the name of a file. It has the file's number in it, so
// that no directory has it twice.
func (m *model) appendName(b []byte, f uint64) []byte {
	x := m.random(f, saltName)
	switch n := x % 100; {
	case n < 40:
		return strconv.AppendUint(append(b, "run"...), f, 10)
	case n < 70:
		b = append(b, "IMG_"...)
		return append(strconv.AppendUint(b, f, 10), ".jpg"...)
	case n < 90:
		b = append(b, "simulation-output-"...)
		return append(strconv.AppendUint(b, f, 10), ".final.dat"...)
	case n < 97:
		b = append(b, "mesures préliminaires "...)
		return append(strconv.AppendUint(b, f, 10), " (copie)"...)
	case n < 99:
		b = strconv.AppendUint(b, f, 10)
		return append(b, longName[:int(x>>8%120)]...)
	}
	start := len(b)
	b = strconv.AppendUint(b, f, 10)
	return append(b, longName[:format.MaxNameLen-(len(b)-start)]...)
}

const longName = "-a-name-that-somebody-has-made-from-all-the-parameters-of-a-run-" +
	"viscosity=0.0017-temperature=293.15-pressure=101325-grid=1024x1024x512-timestep=0.00025-" +
	"solver=multigrid-preconditioner=none-output=velocity,vorticity,energy-checkpoint=every-1000-steps-and-so-on"

// appendLinkName appends the name of link number n of a file.
func appendLinkName(b []byte, f, n uint64) []byte {
	b = strconv.AppendUint(append(b, "link-"...), f, 10)
	return strconv.AppendUint(append(b, '.'), n, 10)
}

func appendDirName(b []byte, d uint64) []byte {
	return strconv.AppendUint(append(b, "project"...), d, 10)
}

// appendTarget appends a symbolic link's target, without the NUL.
func (m *model) appendTarget(b []byte, f uint64) []byte {
	x := m.random(f, saltData)
	switch n := x % 100; {
	case n < 90:
		b = append(b, "../"...)
	case n < 99:
		b = append(b, strings.Repeat("../", int(x>>8%80))...)
	default:
		b = append(b, strings.Repeat("../elsewhere/", int(x>>8%290))...)
	}
	return m.appendName(b, f/2)
}

// symlinkSize is the size of a symbolic link's inode.
func (m *model) symlinkSize(f uint64) uint64 {
	var scratch [format.MaxSymlinkSize]byte
	return uint64(len(m.appendTarget(scratch[:0], f))) + 1
}
