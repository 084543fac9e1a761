"""Images of a trained generator whose circuits run on a device: job ids and counts are kept, and replayed without the device."""
