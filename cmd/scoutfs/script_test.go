// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
	"scoutfs/internal/testtree"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"scoutfs":           main,
		"mkfs.scoutfs":      main,
		"fsck.scoutfs":      main,
		"fsck.scoutfs_meta": main,
	})
}

// TestScripts runs testdata/script/*.txtar, each a session as a user types it. Besides the commands of testscript they have
//
//	exits STATUS PROGRAM ARG...     run a program that ends with this exit status
//	sparse SIZE FILE...             make sparse files of so many bytes
//	damage FILE OFFSET              change the byte at an offset
//	poke FILE OFFSET TEXT           write bytes, in the escapes of Go's strings
//	set FILE BLOCK FIELD NUMBER     change a field of a super block or quorum block (super, quorum0, ...) and its checksum
//	same FILE FILE                  compare sparse files
//	files FOLDER                    write testtree.Sample to meta.img and data.img in a folder
//
// To renew the expected output after a change that is meant:
//
//	go test ./cmd/scoutfs -run TestScripts -update
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SCOUTFS_CONFIG", os.DevNull)  // not that of this machine
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else the race detector sleeps a second in each program
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"sparse": sparse,
			"damage": damage,
			"poke":   poke,
			"set":    set,
			"same":   same,
			"files": func(ts *testscript.TestScript, _ bool, args []string) {
				if len(args) != 1 {
					ts.Fatalf("usage: files FOLDER")
				}
				testtree.Sample(t).Write(ts.MkAbs(args[0]))
			},
		},
	})
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM ARG...")
	}
	status := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		status = exit.ExitCode()
	}
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("exit status %d, want %s", status, args[0])
	}
}

func sparse(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: sparse SIZE FILE...")
	}
	size, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	for _, name := range args[1:] {
		path := ts.MkAbs(name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			ts.Check(os.WriteFile(path, nil, 0o600))
		}
		ts.Check(os.Truncate(path, 0))
		ts.Check(os.Truncate(path, size))
	}
}

func damage(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: damage FILE OFFSET")
	}
	off, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	change(ts, args[0], off, 1, func(b []byte) {
		b[0] ^= 0xff
	})
}

func poke(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: poke FILE OFFSET TEXT")
	}
	off, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	text, err := strconv.Unquote(`"` + args[2] + `"`)
	ts.Check(err)
	change(ts, args[0], off, len(text), func(b []byte) {
		copy(b, text)
	})
}

func set(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: set FILE BLOCK FIELD NUMBER")
	}
	layout, blkno := format.LayoutOf[format.Super](), format.SuperBlkno
	if args[1] != "super" {
		layout = format.LayoutOf[format.QuorumBlock]()
		slot := 0
		_, err := fmt.Sscanf(args[1], "quorum%d", &slot)
		ts.Check(err)
		blkno = format.QuorumBlkno + slot
	}
	field, err := layout.Find(args[2])
	ts.Check(err)
	number, err := strconv.ParseUint(args[3], 0, 64)
	ts.Check(err)
	change(ts, args[0], int64(blkno)*format.SmallBlockSize, format.SmallBlockSize, func(b []byte) {
		for i := range field.Size {
			b[field.Offset+i] = byte(number >> (8 * i))
		}
		format.Seal(b)
	})
}

// contents maps the offsets of a file's 4 KiB blocks that are not zero to
// their bytes, and the file's end to nothing. Holes are not read.
func contents(ts *testscript.TestScript, name string) map[int64][]byte {
	file, err := os.Open(ts.MkAbs(name))
	ts.Check(err)
	defer file.Close()
	end, err := file.Seek(0, io.SeekEnd)
	ts.Check(err)
	blocks := map[int64][]byte{end: nil}
	for off := int64(0); ; {
		start, err := file.Seek(off, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return blocks
		}
		ts.Check(err)
		off, err = file.Seek(start, unix.SEEK_HOLE)
		ts.Check(err)
		for at := start &^ (format.SmallBlockSize - 1); at < off; at += format.SmallBlockSize {
			block := make([]byte, min(format.SmallBlockSize, end-at))
			_, err := file.ReadAt(block, at)
			ts.Check(err)
			if len(bytes.Trim(block, "\x00")) > 0 {
				blocks[at] = block
			}
		}
	}
}

// change reads part of a file, changes it and writes it back.
func change(ts *testscript.TestScript, name string, off int64, n int, edit func([]byte)) {
	file, err := os.OpenFile(ts.MkAbs(name), os.O_RDWR, 0)
	ts.Check(err)
	defer file.Close()
	b := make([]byte, n)
	_, err = file.ReadAt(b, off)
	ts.Check(err)
	edit(b)
	_, err = file.WriteAt(b, off)
	ts.Check(err)
}

func same(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same FILE FILE")
	}
	equal := maps.EqualFunc(contents(ts, args[0]), contents(ts, args[1]), bytes.Equal)
	if equal == neg {
		ts.Fatalf("%s and %s: equal is %v", args[0], args[1], equal)
	}
}
