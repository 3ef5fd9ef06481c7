// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// readers is how many goroutines the floor is measured with.
const readers = 8

// job is one thing that is measured.
type job struct {
	name string
	cold bool
	run  func() (usage, error)
}

// usage is what a run took.
type usage struct {
	elapsed, cpu time.Duration
	peak         int64 // most resident memory of a program, in bytes
}

// measure runs each job several times, one after the other in each round, and
// shows the medians.
func measure(args []string) error {
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	rounds := flags.Int("rounds", 3, "how often each is run")
	binary := flags.String("scoutfs", "bin/scoutfs", "the program to measure")
	ext4 := flags.String("ext4", "", "image of an ext4 file system, for e2fsck")
	xfs := flags.String("xfs", "", "image of an XFS file system, for xfs_repair")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		return errors.New("measure takes two devices")
	}
	meta, data := flags.Arg(0), flags.Arg(1)
	jobs, err := floorJobs(meta)
	if err != nil {
		return err
	}
	jobs = append(jobs,
		program("scoutfs fsck", true, *binary, "fsck", meta, data),
		program("scoutfs fsck, warm", false, *binary, "fsck", meta, data))
	if *ext4 != "" {
		jobs = append(jobs, program("e2fsck -fn", true, "e2fsck", "-fn", *ext4))
	}
	if *xfs != "" {
		jobs = append(jobs, program("xfs_repair -n", true, "xfs_repair", "-n", "-f", *xfs))
	}
	seen := make([][]usage, len(jobs))
	for range *rounds {
		for i, j := range jobs {
			if j.cold {
				if err := dropCaches(); err != nil {
					return err
				}
			}
			u, err := j.run()
			if err != nil {
				return fmt.Errorf("%s: %w", j.name, err)
			}
			seen[i] = append(seen[i], u)
		}
	}
	return show(os.Stdout, jobs, seen)
}

func floorJobs(meta string) (jobs []job, err error) {
	dev, err := device.Open(meta, device.Options{Direct: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	for _, variant := range []struct {
		name  string
		limit uint64
	}{{"read 64 KiB", 1}, {"read up to 1 MiB", 16}} {
		runs, err := usedRuns(context.Background(), dev, variant.limit)
		if err != nil {
			return nil, err
		}
		blocks := uint64(0)
		for _, e := range runs {
			blocks += e.Len
		}
		name := fmt.Sprintf("%s, %d MiB in %d", variant.name, blocks*format.LargeBlockSize>>20, len(runs))
		jobs = append(jobs, job{name: name, cold: true, run: func() (usage, error) {
			dev, err := device.Open(meta, device.Options{Direct: true})
			if err != nil {
				return usage{}, err
			}
			began, before := time.Now(), ownCPU()
			err = readRuns(dev, runs)
			u := usage{elapsed: time.Since(began), cpu: ownCPU() - before}
			return u, errors.Join(err, dev.Close())
		}})
	}
	return jobs, nil
}

func program(name string, cold bool, path string, args ...string) job {
	return job{name: name, cold: cold, run: func() (usage, error) {
		cmd := exec.Command(path, args...)
		began := time.Now()
		out, err := cmd.CombinedOutput()
		u := usage{elapsed: time.Since(began)}
		if err != nil {
			return u, fmt.Errorf("%w: %s", err, out[max(0, len(out)-500):])
		}
		if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			u.peak = r.Maxrss << 10
		}
		return u, nil
	}}
}

func ownCPU() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func dropCaches() error {
	syscall.Sync()
	return os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0)
}

// show writes medians, and each as a multiple of the first job's.
func show(w io.Writer, jobs []job, seen [][]usage) error {
	var text strings.Builder
	median := func(i int, of func(usage) int64) int64 {
		var values []int64
		for _, u := range seen[i] {
			values = append(values, of(u))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	elapsed := func(u usage) int64 { return int64(u.elapsed) }
	base := median(0, elapsed)
	for i, j := range jobs {
		t := median(i, elapsed)
		fmt.Fprintf(&text, "%-36s %8.2f s %6.2f x  cpu %6.2f s  peak %5d MiB  all", j.name, time.Duration(t).Seconds(),
			float64(t)/float64(base), time.Duration(median(i, func(u usage) int64 { return int64(u.cpu) })).Seconds(),
			median(i, func(u usage) int64 { return u.peak })>>20)
		for _, u := range seen[i] {
			fmt.Fprintf(&text, " %.2f", u.elapsed.Seconds())
		}
		text.WriteByte('\n')
	}
	_, err := io.WriteString(w, text.String())
	return err
}
