// SPDX-License-Identifier: GPL-2.0-or-later

// Command writespeed makes what tests/writespeed.sh copies: a tree of many
// small files, or one large file. Nothing of them can be compressed.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

const (
	filesPerDir = 250
	largest     = 8 << 10 // bytes of a small file; half of that on average
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "writespeed:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("writespeed", flag.ContinueOnError)
	files := flags.Int("files", 0, "make a folder of so many small files")
	size := flags.Int64("size", 0, "make a file of so many bytes")
	sync := flags.Bool("sync", false, "wait until the file is on the disk")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || (*files > 0) == (*size > 0) {
		return errors.New("usage: writespeed -files COUNT FOLDER | -size BYTES [-sync] FILE")
	}
	random := rand.NewChaCha8([32]byte{})
	if *files > 0 {
		return makeTree(flags.Arg(0), *files, random)
	}
	return makeFile(flags.Arg(0), *size, *sync, random)
}

// makeTree makes folders of folders of files.
func makeTree(root string, files int, random *rand.ChaCha8) error {
	buf := make([]byte, largest)
	dir := ""
	for i := range files {
		if i%filesPerDir == 0 {
			n := i / filesPerDir
			dir = filepath.Join(root, fmt.Sprintf("d%03d", n/20), fmt.Sprintf("d%02d", n%20))
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		p := buf[:random.Uint64()%(largest+1)]
		if _, err := random.Read(p); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file-%06d.dat", i)), p, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func makeFile(path string, size int64, sync bool, random *rand.ChaCha8) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	if _, err := io.CopyN(w, random, size); err != nil {
		return err
	}
	if err := w.Flush(); err != nil || !sync {
		return err
	}
	return f.Sync()
}
