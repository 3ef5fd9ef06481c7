// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
)

// location says where the volume is that a command asks: mounted, or on
// devices that nobody has mounted.
type location struct {
	path       string
	metaDevice string
	dataDevice string
	live       bool     // devices in use are read too
	write      bool     // devices are opened for writing
	recover    bool     // mounts that died are cleaned up after first
	env        *cli.Env // if devices are written
}

const (
	pathFlag       = "path"
	metaDeviceFlag = "meta-device"
	dataDeviceFlag = "data-device"
	liveFlag       = "live"
	recoverFlag    = "recover"
)

// defineDevices adds the options that name devices.
func (l *location) defineDevices(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&l.metaDevice, metaDeviceFlag, "", "ask the unmounted volume whose metadata device is `META-DEVICE`")
	flags.StringVar(&l.dataDevice, dataDeviceFlag, "", "its data device is `DATA-DEVICE`, where file data is wanted")
	flags.BoolVar(&l.live, liveFlag, false, "with --meta-device: read devices that are in use; the answer is that of the last commit")
	cli.Extension(cmd, metaDeviceFlag, dataDeviceFlag, liveFlag)
}

// defineWriting adds the options that name devices which are to be written.
func (l *location) defineWriting(env *cli.Env, cmd *cobra.Command) {
	l.env, l.write = env, true
	flags := cmd.Flags()
	flags.StringVar(&l.metaDevice, metaDeviceFlag, "", "change the unmounted volume whose metadata device is `META-DEVICE`")
	flags.StringVar(&l.dataDevice, dataDeviceFlag, "", "its data device is `DATA-DEVICE`")
	flags.BoolVar(&l.recover, recoverFlag, false, "with --meta-device: first clean up after mounts that died, as the recover command does")
	cli.Extension(cmd, metaDeviceFlag, dataDeviceFlag, recoverFlag)
	cli.CommandLineOnly(cmd, recoverFlag)
}

// define adds the options of a command that asks a whole volume.
func (l *location) define(cmd *cobra.Command) {
	l.definePath(cmd)
	l.defineDevices(cmd)
}

// definePath adds the option that names a mount.
func (l *location) definePath(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&l.path, pathFlag, "p", ".", "ask the volume mounted at `PATH`, by default the working directory")
}

// check refuses options that contradict each other.
func (l *location) check() error {
	switch {
	case l.metaDevice == "" && l.dataDevice != "":
		return cli.Usagef("--data-device needs --meta-device")
	case l.metaDevice == "" && l.live:
		return cli.Usagef("--live needs --meta-device")
	case l.metaDevice == "" && l.recover:
		return cli.Usagef("--recover needs --meta-device")
	case l.write && l.metaDevice != "" && l.dataDevice == "":
		return cli.Usagef("changing a volume needs --data-device too")
	}
	return nil
}

// offline reports whether the volume is asked on its devices.
func (l *location) offline() bool { return l.metaDevice != "" }

// open opens the volume.
func (l *location) open(ctx context.Context) (ioctl.Target, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if l.offline() {
		return l.openDevices(ctx)
	}
	mount, err := ioctl.OpenMount(l.path)
	if err != nil {
		return nil, pathFailure(err, l.path)
	}
	return mount, nil
}

func (l *location) openDevices(ctx context.Context) (*engine.Target, error) {
	volume, err := l.openVolume(ctx)
	if err != nil {
		return nil, err
	}
	return volume.Target(), nil
}

// openVolume opens the volume on the devices.
func (l *location) openVolume(ctx context.Context) (*engine.Volume, error) {
	options := engine.Options{Live: l.live}
	if l.write {
		options.Write, options.Clock, options.Logger = true, l.env.Now, l.env.Log()
	}
	if l.recover {
		if err := recoverVolume(ctx, l.env, l.metaDevice, l.dataDevice, 0); err != nil {
			return nil, err
		}
	}
	volume, err := engine.Open(ctx, l.metaDevice, l.dataDevice, options)
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return nil, pathFailure(err, path.Path)
	}
	if err != nil {
		return nil, l.hint(err)
	}
	return volume, nil
}

// hint tells of --live where it helps.
func (l *location) hint(err error) error {
	_, busy := errors.AsType[*device.BusyError](err)
	if !l.live && !l.write && (busy || errors.Is(err, engine.ErrWritten)) {
		return cli.Failf(err, "%s\nuse --live to read what was last committed", err)
	}
	return err
}

// pathFailure gives upstream's message to a path that cannot be opened.
func pathFailure(err error, path string) error {
	text := errno.Text(err)
	if opening, ok := errors.AsType[*os.PathError](err); ok && knowsMore(err) {
		text = opening.Err.Error()
	}
	return cli.Failf(err, "failed to open '%s': %s", path, text)
}

// knowsMore reports whether an error tells more than its number: which block
// is damaged, or which device broken.
func knowsMore(err error) bool {
	_, corrupt := errors.AsType[*format.CorruptError](err)
	_, broken := errors.AsType[*device.Error](err)
	return corrupt || broken || errors.Is(err, engine.ErrWritten)
}

// ask opens the volume, lets f ask it, and closes it.
func (l *location) ask(ctx context.Context, f func(ioctl.Target) error) (err error) {
	target, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return l.hint(f(target))
}

// opener opens files by paths as the command line has them.
type opener interface {
	OpenPath(ctx context.Context, path string, flags int) (ioctl.File, error)
}

// system opens the files of this machine.
type system struct{}

func (system) OpenPath(_ context.Context, path string, flags int) (ioctl.File, error) {
	return ioctl.OpenFile(path, flags)
}

// askFiles lets do open files: of this machine, or of the volume on the
// devices.
func (l *location) askFiles(ctx context.Context, do func(opener) error) (err error) {
	if err := l.check(); err != nil {
		return err
	}
	if !l.offline() {
		return do(system{})
	}
	target, err := l.openDevices(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return l.hint(do(target))
}

// askFile opens a file, by its path on this machine or in the volume on the
// devices, lets f ask it, and closes it.
func (l *location) askFile(ctx context.Context, path string, flags int, f func(ioctl.File) error) error {
	return l.askFiles(ctx, func(open opener) (err error) {
		file, err := open.OpenPath(ctx, path, flags)
		if err != nil {
			return pathFailure(err, path)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		return f(file)
	})
}

// askReadOnly is askFile of a file opened for reading.
func (l *location) askReadOnly(ctx context.Context, path string, f func(ioctl.File) error) error {
	return l.askFile(ctx, path, os.O_RDONLY, f)
}

// ioctlFailure gives upstream's message to a request that failed, and says
// what is known beyond it.
func ioctlFailure(err error, what string) error {
	return requestFailure(err, what+": ", err)
}

// requestFailure is ioctlFailure of a message that ends differently, and of a
// command that fails with a number of its own.
func requestFailure(err error, message string, number error) error {
	request, ok := errors.AsType[*ioctl.Error](err)
	if !ok {
		return err // of the command line, the devices or the output
	}
	message += errno.Text(err)
	if request.Detail != "" {
		message += ": " + request.Detail
	}
	if help := explain(request); help != "" {
		message += "\n" + help
	}
	return cli.Failf(number, "%s", message)
}

// explain says what an error number of a mount most likely means.
func explain(request *ioctl.Error) string {
	info, _ := request.Request.Info()
	switch {
	case request.Errno == syscall.ENOTTY:
		return fmt.Sprintf("'%s' is not on a mounted scoutfs volume, or its kernel module does not know %s", request.Object, request.Request)
	case request.Errno == syscall.EPERM && info.Capability != ioctl.NoCapability:
		return fmt.Sprintf("%s needs %s", request.Request, info.Capability)
	}
	return ""
}
