//! QR symbols, drawn as a screen draws them and read by a decoder that is not ours.

/// Pixels along one module.
const PIXELS: usize = 4;

/// A line of a terminal without the sequences that choose colours.
pub fn visible(line: &str) -> String {
    line.split('\x1b').map(|part| part.split_once('m').filter(|_| part.starts_with('[')).map_or(part, |(_, text)| text)).collect()
}

/// Reads a symbol of half blocks, dark on light.
pub fn terminal(lines: &[&str]) -> String {
    let rows: Vec<Vec<char>> = lines.iter().map(|line| visible(line).chars().collect()).collect();
    let dark = |x: usize, y: usize| match rows[y / 2][x] {
        '█' => true,
        '▀' => y.is_multiple_of(2),
        '▄' => !y.is_multiple_of(2),
        ' ' => false,
        other => panic!("{other:?} in a symbol"),
    };
    decode(rows[0].len() * PIXELS, rows.len() * 2 * PIXELS, |x, y| dark(x / PIXELS, y / PIXELS))
}

/// Reads an SVG of one light rectangle and one path of dark squares: `Mx yhwvhH..V..`.
pub fn svg(svg: &str) -> String {
    let attribute = |element: &str, name: &str| -> String {
        let from = svg.find(&format!("<{element}")).unwrap();
        let value = svg[from..].split_once(&format!(" {name}=\"")).unwrap().1;
        value[..value.find('"').unwrap()].to_owned()
    };
    let (width, height) = (attribute("svg", "width").parse().unwrap(), attribute("svg", "height").parse().unwrap());
    assert_eq!((attribute("rect", "fill"), attribute("path", "fill")), ("#fff".into(), "#000".into()), "dark on light");
    let mut pixels = vec![false; width * height];
    for square in attribute("path", "d").split('M').filter(|square| !square.is_empty()) {
        let numbers: Vec<usize> = square.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        let [x, y, w, h, ..] = numbers[..] else { panic!("{square}") };
        for row in y..y + h {
            pixels[row * width + x..row * width + x + w].fill(true);
        }
    }
    decode(width, height, |x, y| pixels[y * width + x])
}

fn decode(width: usize, height: usize, dark: impl Fn(usize, usize) -> bool) -> String {
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| if dark(x, y) { 0 } else { 255 });
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one symbol");
    grids[0].decode().unwrap().1
}
