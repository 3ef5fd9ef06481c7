// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"os"
	"path/filepath"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/internal/testcheck"
)

// BenchmarkCommit is the time that a commit takes: on devices in memory, where
// it is work, and on files, where it is flushes.
func BenchmarkCommit(b *testing.B) {
	const meta, data = 16 << 30, 16 << 30
	inFiles := func(b *testing.B) device.Pair {
		dir := b.TempDir()
		var paths [2]string
		for i, size := range []int64{meta, data} {
			paths[i] = filepath.Join(dir, []string{"meta", "data"}[i])
			f, err := os.Create(paths[i])
			if err != nil {
				b.Fatal(err)
			}
			if err := f.Truncate(size); err != nil {
				b.Fatal(err)
			}
			if err := f.Close(); err != nil {
				b.Fatal(err)
			}
		}
		pair, err := device.OpenPair(paths[0], paths[1], device.Options{Write: true})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { pair.Close() })
		return pair
	}
	for _, bench := range []struct {
		name    string
		devices func(*testing.B) device.Pair
	}{
		{"memory", func(*testing.B) device.Pair {
			return device.Pair{Meta: device.NewMemory("meta", meta), Data: device.NewMemory("data", data)}
		}},
		{"files", inFiles},
	} {
		for _, files := range []int{0, 1, 1000} {
			b.Run(bench.name+"/"+map[int]string{0: "empty", 1: "one file", 1000: "1000 files"}[files], func(b *testing.B) {
				pair := bench.devices(b)
				makeFS(b, pair, nil)
				v := openVolume(b, pair, 1)
				b.ResetTimer()
				for b.Loop() {
					v.begin()
					for range files {
						if _, err := v.create(1, 4); err != nil {
							b.Fatal(err)
						}
					}
					v.commit()
				}
				b.StopTimer()
				testcheck.Clean(b, pair)
			})
		}
	}
}
