// Encodes raw 8-bit I420 to AV1 with spatial and temporal layers, through the
// public interface of libaom. The command line tools offer no layers.
//
//   layers WIDTH HEIGHT SPATIAL TEMPORAL IN.yuv OUT.ivf [SCALES]
//
// One IVF frame is one temporal unit: all spatial layers of one time.
// Layer s of S has size 1 / 2^(S-1-s). It predicts from its own last frame
// (slot s) and from the layer below (slot s-1). Of two temporal layers the
// upper one holds every second picture and is never a reference.
// SCALES has a digit for each picture: 1 for WIDTH x HEIGHT, 2 for half of it.
// A picture of another size than the one before predicts from that all the same.
#include <aom/aom_encoder.h>
#include <aom/aomcx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what) {
    fprintf(stderr, "layers: %s\n", what);
    exit(1);
}

static void control(aom_codec_ctx_t *codec, aom_codec_err_t err) {
    if (err != AOM_CODEC_OK) die(aom_codec_error_detail(codec) ? aom_codec_error_detail(codec) : aom_codec_error(codec));
}

static void le(unsigned char *at, unsigned value, int bytes) {
    for (int i = 0; i < bytes; i++) at[i] = (unsigned char)(value >> (8 * i));
}

static aom_svc_params_t layer_params(int spatial, int temporal) {
    aom_svc_params_t p;
    memset(&p, 0, sizeof p);
    p.number_spatial_layers = spatial;
    p.number_temporal_layers = temporal;
    for (int s = 0; s < spatial; s++) {
        p.scaling_factor_num[s] = 1;
        p.scaling_factor_den[s] = 1 << (spatial - 1 - s);
        for (int t = 0; t < temporal; t++) {
            int i = s * temporal + t;
            p.max_quantizers[i] = 56;
            p.min_quantizers[i] = 30;
            p.layer_target_bitrate[i] = 60 * (s + 1) * (t + 1);
        }
    }
    for (int t = 0; t < temporal; t++) p.framerate_factor[t] = 1 << (temporal - 1 - t);
    return p;
}

static aom_svc_ref_frame_config_t references(int s, int t) {
    aom_svc_ref_frame_config_t r;
    memset(&r, 0, sizeof r);
    for (int i = 0; i < 7; i++) r.ref_idx[i] = s;
    r.reference[0] = 1;  // LAST: this layer, one picture ago
    if (s > 0) {
        r.ref_idx[3] = s - 1;
        r.reference[3] = 1;  // GOLDEN: the layer below, this picture
    }
    if (t == 0) {
        r.refresh[s] = 1;
    } else {
        // Kept for the layer above of the same picture only.
        r.ref_idx[6] = 4 + s;
        r.refresh[4 + s] = 1;
        if (s > 0) r.ref_idx[3] = 4 + s - 1;
    }
    return r;
}

int main(int argc, char **argv) {
    if (argc != 7 && argc != 8) die("usage: layers WIDTH HEIGHT SPATIAL TEMPORAL IN.yuv OUT.ivf [SCALES]");
    const char *scales = argc == 8 ? argv[7] : "";
    int width = atoi(argv[1]), height = atoi(argv[2]);
    int spatial = atoi(argv[3]), temporal = atoi(argv[4]);
    FILE *in = fopen(argv[5], "rb"), *out = fopen(argv[6], "wb");
    if (!in || !out) die("cannot open the files");

    aom_codec_iface_t *av1 = aom_codec_av1_cx();
    aom_codec_enc_cfg_t cfg;
    if (aom_codec_enc_config_default(av1, &cfg, AOM_USAGE_REALTIME)) die("no default configuration");
    cfg.g_w = width;
    cfg.g_h = height;
    cfg.g_timebase.num = 1;
    cfg.g_timebase.den = 25;
    cfg.g_threads = 1;
    cfg.g_lag_in_frames = 0;
    cfg.rc_end_usage = AOM_CBR;
    cfg.rc_target_bitrate = 60 * spatial * temporal * 2;
    cfg.rc_min_quantizer = 30;
    cfg.rc_max_quantizer = 56;
    cfg.kf_mode = AOM_KF_DISABLED;

    aom_codec_ctx_t codec;
    if (aom_codec_enc_init(&codec, av1, &cfg, 0)) die("cannot start the encoder");
    aom_svc_params_t params = layer_params(spatial, temporal);
    control(&codec, aom_codec_control(&codec, AOME_SET_CPUUSED, 8));
    control(&codec, aom_codec_control(&codec, AOME_SET_NUMBER_SPATIAL_LAYERS, spatial));
    control(&codec, aom_codec_control(&codec, AV1E_SET_SVC_PARAMS, &params));

    unsigned char head[32] = "DKIF";
    le(head + 6, 32, 2);
    memcpy(head + 8, "AV01", 4);
    le(head + 12, width, 2);
    le(head + 14, height, 2);
    le(head + 16, 25, 4);
    le(head + 20, 1, 4);
    fwrite(head, 1, 32, out);

    aom_image_t *image = aom_img_alloc(NULL, AOM_IMG_FMT_I420, width, height, 1);
    static unsigned char unit[1 << 20];
    unsigned pictures = 0;
    for (;; pictures++) {
        int got = 1;
        for (int plane = 0; plane < 3; plane++) {
            int w = plane ? (width + 1) / 2 : width, h = plane ? (height + 1) / 2 : height;
            for (int y = 0; y < h; y++)
                got &= fread(image->planes[plane] + y * image->stride[plane], 1, w, in) == (size_t)w;
        }
        if (!got) break;
        if (*scales) {
            AOM_SCALING_MODE mode = *scales++ == '2' ? AOME_ONETWO : AOME_NORMAL;
            aom_scaling_mode_t scale = {mode, mode};
            control(&codec, aom_codec_control(&codec, AOME_SET_SCALEMODE, &scale));
        }
        size_t size = 0;
        for (int s = 0; s < spatial; s++) {
            aom_svc_layer_id_t id = {s, pictures % temporal};
            aom_svc_ref_frame_config_t refs = references(s, id.temporal_layer_id);
            control(&codec, aom_codec_control(&codec, AV1E_SET_SVC_LAYER_ID, &id));
            control(&codec, aom_codec_control(&codec, AV1E_SET_SVC_REF_FRAME_CONFIG, &refs));
            control(&codec, aom_codec_encode(&codec, image, pictures, 1, 0));
            aom_codec_iter_t at = NULL;
            const aom_codec_cx_pkt_t *packet;
            while ((packet = aom_codec_get_cx_data(&codec, &at))) {
                if (packet->kind != AOM_CODEC_CX_FRAME_PKT) continue;
                if (size + packet->data.frame.sz > sizeof unit) die("temporal unit too large");
                memcpy(unit + size, packet->data.frame.buf, packet->data.frame.sz);
                size += packet->data.frame.sz;
            }
        }
        unsigned char frame[12] = {0};
        le(frame, (unsigned)size, 4);
        le(frame + 4, pictures, 4);
        fwrite(frame, 1, 12, out);
        fwrite(unit, 1, size, out);
    }
    le(head + 24, pictures, 4);
    fseek(out, 0, SEEK_SET);
    fwrite(head, 1, 32, out);
    if (fclose(out)) die("cannot write");
    aom_codec_destroy(&codec);
    return 0;
}
