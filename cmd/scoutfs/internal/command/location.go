// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/engine"
	"scoutfs/engine/ioctl"
)

// location says where the volume is that a command asks: mounted, or on
// devices that nobody has mounted.
type location struct {
	path       string
	metaDevice string
	dataDevice string
	live       bool
}

const (
	pathFlag       = "path"
	metaDeviceFlag = "meta-device"
	dataDeviceFlag = "data-device"
	liveFlag       = "live"
)

// defineDevices adds the options that name devices.
func (l *location) defineDevices(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&l.metaDevice, metaDeviceFlag, "", "ask the unmounted volume whose metadata device is `META-DEVICE`")
	flags.StringVar(&l.dataDevice, dataDeviceFlag, "", "its data device is `DATA-DEVICE`, where file data is wanted")
	flags.BoolVar(&l.live, liveFlag, false, "with --meta-device: read devices that are in use; the answer is that of the last commit")
	cli.Extension(cmd, metaDeviceFlag, dataDeviceFlag, liveFlag)
}

// define adds the options of a command that asks a whole volume.
func (l *location) define(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&l.path, pathFlag, "p", "", "ask the volume mounted at `PATH`, by default the working directory")
	l.defineDevices(cmd)
}

// check refuses options that contradict each other.
func (l *location) check() error {
	switch {
	case l.metaDevice == "" && l.dataDevice != "":
		return cli.Usagef("--data-device needs --meta-device")
	case l.metaDevice == "" && l.live:
		return cli.Usagef("--live needs --meta-device")
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
	path := l.path
	if path == "" {
		path = "."
	}
	mount, err := ioctl.OpenMount(path)
	if err != nil {
		return nil, cli.Failf(err, "failed to open '%s': %s", path, errno.Text(err))
	}
	return mount, nil
}

func (l *location) openDevices(ctx context.Context) (*engine.Target, error) {
	volume, err := engine.Open(ctx, l.metaDevice, l.dataDevice, engine.Options{Live: l.live})
	if err != nil {
		return nil, err
	}
	return volume.Target(), nil
}

// ask opens the volume, lets f ask it, and closes it.
func (l *location) ask(ctx context.Context, f func(ioctl.Target) error) (err error) {
	target, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return f(target)
}

// askFile opens a file, by its path on this machine or in the volume on the
// devices, lets f ask it, and closes it.
func (l *location) askFile(ctx context.Context, path string, flags int, f func(ioctl.File) error) (err error) {
	if err := l.check(); err != nil {
		return err
	}
	var file ioctl.File
	if l.offline() {
		target, openErr := l.openDevices(ctx)
		if openErr != nil {
			return openErr
		}
		defer func() { err = errors.Join(err, target.Close()) }()
		file, err = target.OpenPath(ctx, path, flags)
	} else {
		file, err = ioctl.OpenFile(path, flags)
	}
	if err != nil {
		return cli.Failf(err, "failed to open '%s': %s", path, errno.Text(err))
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return f(file)
}

// askReadOnly is askFile of a file opened for reading.
func (l *location) askReadOnly(ctx context.Context, path string, f func(ioctl.File) error) error {
	return l.askFile(ctx, path, os.O_RDONLY, f)
}

// ioctlFailure gives upstream's message to a request that failed.
func ioctlFailure(err error, what string) error {
	if err == nil {
		return nil
	}
	var request *ioctl.Error
	if !errors.As(err, &request) {
		return err // of the command line, the devices or the output
	}
	if request.Detail != "" {
		return cli.Failf(err, "%s: %s: %s", what, errno.Text(err), request.Detail)
	}
	return cli.Failf(err, "%s: %s", what, errno.Text(err))
}
