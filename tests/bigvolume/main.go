// SPDX-License-Identifier: GPL-2.0-or-later

// Command bigvolume makes a big sound volume of sparse files, meta.img and
// data.img in a folder, for measurements. See package testbulk.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"scoutfs/engine/device"
	"scoutfs/internal/testbulk"
)

func main() {
	var o testbulk.Options
	flag.Uint64Var(&o.Files, "files", 1_000_000, "files that are no directories")
	flag.Uint64Var(&o.Seed, "seed", 1, "tells volumes apart")
	flag.BoolVar(&o.Scatter, "scatter", false, "metadata blocks in random order")
	flag.IntVar(&o.LogTrees, "logs", 2, "log trees that wait to be merged")
	flag.IntVar(&o.LogShare, "share", 0, "files of 1024 that are changed in them (default 20)")
	dir := flag.String("dir", ".", "folder for meta.img and data.img")
	flag.Parse()
	start := time.Now()
	if err := run(o, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "bigvolume:", err)
		os.Exit(1)
	}
	fmt.Printf("%d files in %.1f s\n", o.Files, time.Since(start).Seconds())
}

func run(o testbulk.Options, dir string) error {
	meta, data := filepath.Join(dir, "meta.img"), filepath.Join(dir, "data.img")
	metaSize, dataSize := testbulk.Sizes(o)
	for path, size := range map[string]int64{meta: metaSize, data: dataSize} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := device.CreateSparse(path, size, 0o600); err != nil {
			return err
		}
	}
	pair, err := device.OpenPair(meta, data, device.Options{Write: true})
	if err != nil {
		return err
	}
	return errors.Join(testbulk.Write(context.Background(), pair, o), pair.Meta.Flush(), pair.Close())
}
