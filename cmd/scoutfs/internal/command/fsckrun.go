// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/meter"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine/device"
	"scoutfs/engine/device/signature"
	"scoutfs/fsck"
	"scoutfs/fsck/problem"
	"scoutfs/progress"
)

// How many cases of each problem the forms show.
const (
	fsckFewCases  = 5
	fsckJSONCases = 10_000
	fsckAllCases  = 100_000
)

// fsckProcs is how many goroutines may run at once on a small machine.
const fsckProcs = 8

// fsckRun is one run of fsck.
type fsckRun struct {
	env        *cli.Env
	options    *fsckOptions
	withPasses bool // progress is written to a file descriptor

	paths [2]string
}

func (f *fsckRun) run(ctx context.Context, operands []string) error {
	if err := f.arguments(operands); err != nil {
		return err
	}
	sink, closeSink, err := f.progress()
	if err != nil {
		return err
	}
	summary, err := f.check(ctx, sink)
	closeSink()
	if summary == nil {
		return cli.WithStatus(fsckStatus(ctx, nil, err), err)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.Is(err, fsck.ErrWritten):
		err = cli.Failf(errors.Join(unix.EAGAIN, err), "%s", err)
	}
	status := fsckStatus(ctx, summary, err)
	if lost := f.report(summary, status, err); lost != nil {
		return cli.WithStatus(status|fsckOperational, lost)
	}
	if status != 0 {
		return cli.WithStatus(status, err)
	}
	return nil
}

// fsckStatus returns the exit status.
func fsckStatus(ctx context.Context, summary *fsck.Summary, err error) int {
	status := 0
	if summary != nil && !summary.Clean() {
		status |= fsckUncorrected
		if summary.Volume == nil {
			status |= fsckOperational
		}
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		status |= fsckCancelled
	default:
		status |= fsckOperational
	}
	return status
}

func (f *fsckRun) arguments(operands []string) error {
	o := f.options
	switch {
	case len(operands) == 0:
		return cli.Usagef("no metadata device argument given")
	case len(operands) > 2:
		return cli.Usagef("more than two device arguments given")
	case o.checkOnly && (o.auto || o.preen || o.yes || o.interactive), o.yes && (o.auto || o.preen || o.interactive):
		return cli.Usagef("only one of -n, -p or -a, -r, and -y can be given")
	}
	f.paths = [2]string{metaDevice: operands[0], dataDevice: o.dataDevice}
	if len(operands) == 2 {
		f.paths[dataDevice] = operands[1]
	}
	if o.ReadData && f.paths[dataDevice] == "" {
		return cli.Usagef("--read-data needs the data device")
	}
	if o.memory < fsck.MinMemory || o.memory > 1<<50 {
		return cli.Usagef("--memory must be from 64M to 1P")
	}
	if o.auto || o.preen || o.yes || o.interactive {
		f.env.Warnf("there is no repair yet: the volume is only checked")
	}
	return nil
}

// progress returns where the check tells how far it is, and what ends that.
func (f *fsckRun) progress() (sink progress.Sink, end func(), err error) {
	if !f.withPasses {
		return f.env.Progress(), func() {}, nil
	}
	fd := f.options.progressFD
	if fd > 1<<20 {
		return nil, nil, cli.Usagef("there is no file descriptor %d", fd)
	}
	// A copy, so that the descriptor is closed by nobody but its owner.
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, nil, cli.Usagef("there is no file descriptor %d", fd)
	}
	file := os.NewFile(uintptr(own), fmt.Sprintf("file descriptor %d", fd))
	passes := meter.Passes(file, f.paths[metaDevice], meter.Options{Now: f.env.Now})
	end = func() {
		passes.Close()
		_ = file.Close() // progress that was lost is no failure of the check
	}
	return progress.Tee(f.env.Progress(), passes), end, nil
}

// check opens the devices and checks. The summary is nil if that was not
// possible.
func (f *fsckRun) check(ctx context.Context, sink progress.Sink) (summary *fsck.Summary, err error) {
	pair, err := f.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pair.Close()) }()
	options := f.options.Options
	options.Pair = pair
	options.Memory = int64(f.options.memory)
	options.Progress = sink
	options.Now = f.env.Now
	options.Cases = fsckFewCases
	if options.Seed, err = seed(f.env.Random); err != nil {
		return nil, err
	}
	var lost error
	switch form := f.env.Output().Form(); {
	case form == output.JSONL:
		options.Cases = -1
		table, list := problem.NewTable(), f.env.Output().List()
		options.Report = func(c fsck.Case) {
			if lost == nil {
				lost = list.Add(fsckLineOf(table, &c))
			}
		}
	case form == output.JSON:
		options.Cases = fsckJSONCases
	case f.options.verbose:
		options.Cases = fsckAllCases
	}
	// Memory that is not in use any more counts too.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(options.Memory))
	// Goroutines that wait for a device hold one of these for a while.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), fsckProcs)))
	summary, err = fsck.Check(ctx, options)
	return summary, errors.Join(err, lost)
}

// peakMemory is the most memory in bytes that the program has had.
func peakMemory() int64 {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return usage.Maxrss << 10
}

func seed(random io.Reader) (uint64, error) {
	var b [8]byte
	_, err := io.ReadFull(random, b[:])
	return binary.LittleEndian.Uint64(b[:]), err
}

// open opens the devices for reading. Block devices are read past the page
// cache, which may hold what another node has overwritten, and files in use
// too.
func (f *fsckRun) open() (device.Pair, error) {
	live := f.options.Live
	direct := live
	for which, path := range f.paths {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return device.Pair{}, pathFailure(err, path)
		}
		direct = direct || which == metaDevice && info.Mode()&os.ModeDevice != 0
		if live {
			continue
		}
		// A failure to find out shows again in opening, or leaves it to the claim.
		if use, err := signature.InUse(path); err == nil && use != nil {
			return device.Pair{}, cli.Failf(unix.EBUSY, "%s is in use: %s\nuse --live to check a volume that is in use", path, use)
		}
	}
	if f.paths[dataDevice] != "" {
		if err := refuseSame(f.paths[metaDevice], f.paths[dataDevice]); err != nil {
			return device.Pair{}, err
		}
	}
	pair, err := device.OpenPair(f.paths[metaDevice], f.paths[dataDevice], device.Options{Shared: live, Direct: direct})
	if _, busy := errors.AsType[*device.BusyError](err); busy {
		return device.Pair{}, cli.Failf(err, "%s\nuse --live to check a volume that is in use", err)
	}
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return device.Pair{}, pathFailure(err, path.Path)
	}
	return pair, err
}

// report shows the outcome. failed is why the check did not come to its end.
func (f *fsckRun) report(summary *fsck.Summary, status int, failed error) error {
	out := f.env.Output()
	if out.Form().Machine() {
		return out.Object(fsckReportOf(f, summary, status, failed))
	}
	text := fsckText{out: out, run: f, summary: summary}
	text.write(failed)
	return out.Err()
}
